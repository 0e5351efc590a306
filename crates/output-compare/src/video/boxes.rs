//! The top-level boxes of an MP4 or QuickTime file: does the file contain everything that their sizes promise?

/// What is missing from the file; `None` if it is complete.
pub(super) fn missing_box(bytes: &[u8]) -> Option<String> {
    let (mut at, mut has_index, mut has_content) = (0_usize, false, false);
    while at < bytes.len() {
        let Some((kind, size)) = read_box(&bytes[at..]) else {
            return Some("its last box is cut off".to_owned());
        };
        has_index |= &kind == b"moov";
        has_content |= matches!(&kind, b"mdat" | b"moof");
        let name = || String::from_utf8_lossy(&kind).escape_default().to_string();
        match size {
            // The box extends to the end of the file.
            0 => break,
            size if size < 8 => return Some(format!("its {} box has an invalid size", name())),
            size => {
                let left = (bytes.len() - at) as u64;
                if size > left {
                    return Some(format!("its {} box should have {size} bytes but has {left}", name()));
                }
                at += usize::try_from(size).unwrap_or(usize::MAX);
            }
        }
    }
    if !has_index {
        return Some("it has no index (moov box)".to_owned());
    }
    (!has_content).then(|| "it has an index but no content (mdat box)".to_owned())
}

/// Kind and size of the box at the start of `bytes`.
fn read_box(bytes: &[u8]) -> Option<([u8; 4], u64)> {
    let kind: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let size = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    match size {
        1 => Some((kind, u64::from_be_bytes(bytes.get(8..16)?.try_into().ok()?))),
        size => Some((kind, u64::from(size))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_box(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    #[test]
    fn missing_parts_are_named() {
        let (start, index, content) = (a_box(b"ftyp", b"isom"), a_box(b"moov", b"1234"), a_box(b"mdat", b"12345678"));
        let missing = |parts: &[&[u8]]| missing_box(&parts.concat());
        assert_eq!(missing(&[&start, &index, &content]), None);
        assert_eq!(missing(&[&start, &content, &index]), None);
        assert_eq!(missing(&[&start, &content]).unwrap(), "it has no index (moov box)");
        assert_eq!(missing(&[&start, &index]).unwrap(), "it has an index but no content (mdat box)");
        assert_eq!(missing(&[&start, &index, &content[..12]]).unwrap(), "its mdat box should have 16 bytes but has 12");
        assert_eq!(missing(&[&start, &index, &content[..5]]).unwrap(), "its last box is cut off");
        assert_eq!(missing(&[b"\0\0\0\x02moov"]).unwrap(), "its moov box has an invalid size");
        assert!(missing(&[b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"]).unwrap().starts_with("its mdat box should have"));
        assert_eq!(missing(&[&index, b"\0\0\0\0mdat1234"]), None);
    }
}
