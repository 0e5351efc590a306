//! The outermost boxes of an MP4 or QuickTime file: is everything there that its sizes say?

/// What is missing; `None` when the boxes are whole.
pub(super) fn missing_box(bytes: &[u8]) -> Option<String> {
    let (mut at, mut has_index, mut has_content) = (0_usize, false, false);
    while at < bytes.len() {
        let Some((kind, said)) = read_box(&bytes[at..]) else {
            return Some("its last box is cut off".to_owned());
        };
        has_index |= &kind == b"moov";
        has_content |= matches!(&kind, b"mdat" | b"moof");
        let name = || String::from_utf8_lossy(&kind).escape_default().to_string();
        match said {
            // To the end of the file.
            0 => break,
            said if said < 8 => return Some(format!("its {} box has no valid size", name())),
            said => {
                let left = (bytes.len() - at) as u64;
                if said > left {
                    return Some(format!("its {} box should have {said} bytes, and {left} are there", name()));
                }
                // It fits, so it is no longer than the file.
                at += usize::try_from(said).unwrap_or(usize::MAX);
            }
        }
    }
    if !has_index {
        return Some("it has no index of its contents (moov box)".to_owned());
    }
    (!has_content).then(|| "it has an index and no contents (mdat box)".to_owned())
}

/// Kind and size of the box that begins here.
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
    fn what_is_missing_is_named() {
        let (start, index, content) = (a_box(b"ftyp", b"isom"), a_box(b"moov", b"1234"), a_box(b"mdat", b"12345678"));
        let said = |parts: &[&[u8]]| missing_box(&parts.concat());
        assert_eq!(said(&[&start, &index, &content]), None);
        assert_eq!(said(&[&start, &content, &index]), None);
        assert_eq!(said(&[&start, &content]).unwrap(), "it has no index of its contents (moov box)");
        assert_eq!(said(&[&start, &index]).unwrap(), "it has an index and no contents (mdat box)");
        assert_eq!(said(&[&start, &index, &content[..12]]).unwrap(), "its mdat box should have 16 bytes, and 12 are there");
        assert_eq!(said(&[&start, &index, &content[..5]]).unwrap(), "its last box is cut off");
        assert_eq!(said(&[b"\0\0\0\x02moov"]).unwrap(), "its moov box has no valid size");
        assert!(said(&[b"\0\0\0\x01mdat\xff\xff\xff\xff\xff\xff\xff\xff"]).unwrap().starts_with("its mdat box should have"));
        assert_eq!(said(&[&index, b"\0\0\0\0mdat1234"]), None);
    }
}
