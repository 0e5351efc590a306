use super::*;

/// Lines, a path, and whether it is left out.
const TABLE: &[(&str, &str, bool)] = &[
    // Plain names match at the root, and everything in a folder.
    ("foo", "foo", true),
    ("foo", "foo/bar", true),
    ("foo", "foo/bar/baz.txt", true),
    ("foo", "dir/foo", false),
    ("foo", "foobar", false),
    ("dir/foo", "dir/foo/x", true),
    ("dir/foo", "foo", false),
    ("Foo", "foo", false),
    // Slashes and dots are cleaned.
    ("/foo", "foo", true),
    ("foo/", "foo", true),
    ("foo/", "foo/bar", true),
    ("./foo", "foo", true),
    ("foo/./bar", "foo/bar", true),
    ("foo//bar", "foo/bar", true),
    ("foo/../bar", "bar", true),
    ("foo/../bar", "foo", false),
    ("../foo", "foo", false),
    ("/../foo", "foo", true),
    ("/", "foo", false),
    (".", "foo", false),
    // One star stays within one path component.
    ("*", "foo", true),
    ("*", "foo/bar", true),
    ("*.pyc", "a.pyc", true),
    ("*.pyc", "dir/a.pyc", false),
    ("*/*.pyc", "dir/a.pyc", true),
    ("*/*.pyc", "dir/sub/a.pyc", false),
    ("a*c", "abbc", true),
    ("a*c", "a/c", false),
    ("dir/*", "dir/a/b", true),
    ("dir/*", "dir", false),
    // A question mark is one character, not a slash.
    ("fo?", "foo", true),
    ("fo?", "fo", false),
    ("a?c", "a/c", false),
    // Two stars cross path components.
    ("**", "any/thing", true),
    ("**/", "any/thing", true),
    ("**/foo", "foo", true),
    ("**/foo", "a/b/foo", true),
    ("**/foo", "a/foo/b", true),
    ("**/foo", "afoo", false),
    ("**/*.pyc", "a.pyc", true),
    ("**/*.pyc", "a/b/c.pyc", true),
    ("**/*.pyc", "a/b/c.py", false),
    ("**foo", "xfoo", true),
    ("**foo", "a/xfoo", true),
    ("foo/**", "foo/a/b", true),
    ("foo/**", "foo", false),
    ("foo**", "foobar/x", true),
    ("a/**/z", "a/z", true),
    ("a/**/z", "a/b/c/z", true),
    ("a/**/z", "a/bz", false),
    ("**/a/**/z", "x/a/y/z", true),
    ("*/**", "a", false),
    ("*/**", "a/b", true),
    // Brackets and backslashes.
    ("[ab]c", "bc", true),
    ("[a-c]x", "dx", false),
    ("[^a]x", "bx", true),
    ("\\*", "*", true),
    ("\\*", "a", false),
    ("a\\?b", "a?b", true),
    // Special characters of regular expressions are literal.
    ("*.c++", "a.c++", true),
    ("a.b*", "axb", false),
    ("(x)*", "(x)y", true),
    ("{a,b}*", "a", false),
    ("$HOME*", "$HOME/x", true),
    ("a|b*", "a", false),
    ("*&~", "x&~", true),
    // Comments and blanks.
    ("#foo", "#foo", false),
    (" #foo", "#foo", true),
    ("  foo  ", "foo", true),
    ("\n\n", "foo", false),
    ("\u{feff}foo", "foo", true),
    ("foo\r\nbar\r\n", "bar", true),
    // Exceptions; the last line that matches wins.
    ("*\n!keep", "keep", false),
    ("*\n!keep", "other", true),
    ("*\n!keep", "keep/inside", false),
    ("!keep\n*", "keep", true),
    ("*.md\n!README*.md\nREADME-secret.md", "README.md", false),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
    ("dir\n!dir/a", "dir/a", false),
    ("dir\n!dir/a", "dir/b", true),
    ("dir\n! dir/a", "dir/a", false),
    ("dir\n!/dir/a", "dir/a", false),
    ("**\n!**/*.py", "a/b.py", false),
    ("**\n!**/*.py", "a/b.txt", true),
    ("a\n!a\na", "a", true),
];

#[test]
fn paths_are_left_out_as_docker_leaves_them_out() {
    for (lines, path, ignored) in TABLE {
        let ignore = DockerIgnore::parse(lines).unwrap();
        assert_eq!(ignore.is_ignored(path), *ignored, "{path:?} by {lines:?}");
    }
}

#[test]
fn lines_that_docker_rejects_are_rejected_with_their_number() {
    for line in ["!", "! ", "[", "[a", "a[]", "a[]b]", "[-a]", "[a-]", "[^]", "a\\"] {
        let error = DockerIgnore::parse(&format!("# comment\nok\n{line}\n")).unwrap_err();
        assert_eq!((error.line, error.text.as_str()), (3, line.trim()), "{line:?}");
    }
}

#[test]
fn only_folders_that_may_hold_an_exception_are_searched() {
    let cases = [
        ("dir\n!dir/a", "dir", true),
        ("dir\n!dir/a", "other", false),
        ("dir\n!dir/sub/a", "dir/sub", true),
        ("dir\n!dir/sub/a", "dir/su", false),
        ("**\n!**/*.py", "any/where", true),
        ("dir\n!dir/*.py", "dir", true),
        ("dir\n!other/*.py", "dir", false),
        ("dir", "dir", false),
    ];
    for (lines, folder, looked) in cases {
        assert_eq!(DockerIgnore::parse(lines).unwrap().may_hold_exceptions(folder), looked, "{folder:?} by {lines:?}");
    }
}
