//! The linter of pages finds a fault of each kind, and none where there is none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use test_support::Repository;
use test_support::browser::Browser;
use test_support::page_lint::page_faults;

/// A page without a fault.
const SOUND: &str = r##"<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src STYLES; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">
<title>A page</title><style>button,input{min-height:28px}</style></head>
<body><header><h1>Title</h1><nav aria-label="Parts"><a href="#part">Part</a></nav></header>
<main><h2 id="part">Part</h2><p>Text <a href="https://example.com/" rel="noreferrer">elsewhere</a></p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=" alt="A dot">
<table><caption>Numbers</caption><thead><tr><th scope="col">Name</th><th scope="col">Value</th></tr></thead><tbody><tr><td>one</td><td>1</td></tr></tbody></table>
<ul><li>entry</li></ul><label>Field <input type="search"></label><button type="button">Press</button></main></body></html>
"##;

/// What is changed in the page, and the start of the fault that follows.
const PLANTED: &[(&str, &str, &str)] = &[
    ("default-src 'none'", "default-src 'self'", "policy: "),
    ("img-src data:", "img-src https:", "policy: "),
    ("no-referrer", "origin", "policy: links say where"),
    ("<p>Text", "<p onclick=\"x()\">Text", "policy: a handler"),
    ("<p>Text", "<img src=\"http://127.0.0.1:9/x.png\" alt=\"x\"><p>Text", "policy: an element that loads"),
    ("<p>Text", "<script>1</script><p>Text", "console: "),
    ("data:image/gif", "data:image/svg+xml", "policy: an element that loads"),
    (" rel=\"noreferrer\"", "", "policy: a link that says where"),
    (" lang=\"en\"", "", "document: no language"),
    ("A page", "", "document: no title"),
    ("width=device-width", "user-scalable=no", "document: cannot be enlarged"),
    ("<main>", "<main></main><main>", "landmarks: 2 elements are the main"),
    ("</header>", "</header><div>stray</div>", "landmarks: text outside"),
    (" aria-label=\"Parts\"", "", "landmarks: a landmark without a name"),
    ("<h2 id=\"part\">Part</h2>", "<h4 id=\"part\">Part</h4>", "headings: level 4 after level 1"),
    ("<h1>Title</h1>", "<h1></h1>", "headings: an empty heading"),
    (" alt=\"A dot\"", "", "alt: an image without alt"),
    (" alt=\"A dot\"", " alt=\"\"", "alt: an image that is no decoration"),
    ("<ul>", "<svg viewBox=\"0 0 1 1\"></svg><ul>", "alt: a drawing without"),
    ("<label>Field ", "<label>", "labels: a field without a label"),
    (">Press<", "><", "names: a button without a name"),
    (">elsewhere<", "><", "names: a link without a name"),
    ("<ul>", "<p id=\"part\">again</p><ul>", "ids: 'part' is there twice"),
    ("href=\"#part\"", "href=\"#nowhere\"", "ids: a link that leads nowhere"),
    ("<ul>", "<ul aria-labelledby=\"nobody\">", "ids: aria-labelledby names 'nobody'"),
    ("<caption>Numbers</caption>", "", "tables: a table without a name"),
    (" scope=\"col\">Value", ">Value", "tables: a heading without a scope"),
    ("<td>1</td>", "", "tables: a row of 1 cells"),
    ("<td>1</td>", "<td></td>", "tables: an empty column 'Value'"),
    ("<ul>", "<ul><p>stray</p>", "lists: a child"),
    ("<button", "<button tabindex=\"3\"", "keyboard: an element that jumps"),
    ("<p>Text", "<button type=\"button\"><a href=\"#part\">x</a></button><p>Text", "keyboard: a control within another"),
    ("<button", "<button aria-hidden=\"true\"", "keyboard: a control that is hidden"),
    ("<ul>", "<span role=\"button\">x</span><ul>", "keyboard: a button that takes no focus"),
    ("</title>", "</title><style>input[type]{height:20px;min-height:0}</style>", "targets: a control of 20"),
    ("</title>", "</title><style>p{color:#888}</style>", "contrast: light: text of"),
    ("</title>", "</title><style>p{color:#555}</style>", "contrast: dark: text of"),
    ("</title>", "</title><style>input{border:1px solid #ccc;background:#fff}</style>", "contrast: light: an edge of"),
    ("</title>", "</title><style>button:focus{outline:none}</style>", "keyboard: the focus cannot be seen"),
    ("</title>", "</title><style>ul{height:10px;width:40px;overflow:auto}</style>", "keyboard: a part that scrolls"),
];

/// The page with a policy that allows its styles.
fn with_policy(page: &str) -> String {
    let styles = page.split("<style>").skip(1).map(|rest| rest.split("</style>").next().unwrap());
    let hashes: Vec<String> = styles.map(|style| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(style)))).collect();
    page.replace("STYLES", &hashes.join(" "))
}

#[test]
fn a_fault_of_each_kind_is_found_and_none_in_a_sound_page() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let path = repository.path().join("page.html");
    repository.write("page.html", &with_policy(SOUND));
    assert_eq!(page_faults(&mut browser, &path), Vec::<String>::new());
    for (before, after, fault) in PLANTED {
        assert!(SOUND.contains(before), "{before}");
        repository.write("page.html", &with_policy(&SOUND.replacen(before, after, 1)));
        let found = page_faults(&mut browser, &path);
        assert!(found.iter().any(|line| line.starts_with(fault)), "{after}: {found:#?}");
    }
}
