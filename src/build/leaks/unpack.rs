//! Looks into packed files: what they hold is searched as well, and what cannot be unpacked is counted.
//!
//! Everything is read as it comes. Only zip archives have to be stored first, because their directory is at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Seek, SeekFrom};

use bzip2::read::MultiBzDecoder;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use lzma_rust2::XzReader;
use tempfile::SpooledTempFile;
use zip::ZipArchive;

use crate::build::leaks::search::Search;
use crate::support::secrets::SecretScan;

/// Nesting depth of packed files that is searched.
pub(super) const DEPTH: usize = 4;

/// The most bytes that one file is unpacked to.
pub(super) const UNPACKED_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Zip archives up to this size are kept in memory, larger ones on disk.
const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// The memory that unpacking xz may take, in KiB.
const XZ_MEMORY_KIB: u32 = 256 * 1024;

/// The first bytes of a file that say how it is packed.
pub(super) const HEAD_BYTES: usize = 512;

/// How a file is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Zip,
    Tar,
    /// Recognized, and not unpacked.
    Unknown(&'static str),
}

impl Packing {
    /// The packing that the first bytes of a file tell.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let starts = |magic: &[u8]| head.starts_with(magic);
        Some(match head {
            _ if starts(b"\x1f\x8b\x08") => Self::Gzip,
            _ if starts(b"BZh") && head.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59") => Self::Bzip2,
            _ if starts(b"\xfd7zXZ\0") => Self::Xz,
            _ if starts(b"PK\x03\x04") => Self::Zip,
            _ if head.get(257..262) == Some(b"ustar") => Self::Tar,
            _ if starts(b"\x28\xb5\x2f\xfd") => Self::Unknown("Zstandard"),
            _ if starts(b"7z\xbc\xaf\x27\x1c") => Self::Unknown("7z"),
            _ if starts(b"Rar!\x1a\x07") => Self::Unknown("RAR"),
            _ if starts(b"\x04\x22\x4d\x18") => Self::Unknown("LZ4"),
            _ if starts(b"\x5d\0\0") && head.get(12) == Some(&0) => Self::Unknown("LZMA"),
            [0x78, second @ (0x01 | 0x5e | 0x9c | 0xda), ..] if (0x7800 + u16::from(*second)) % 31 == 0 => Self::Zlib,
            _ => return None,
        })
    }
}

/// Result of searching packed files.
#[derive(Debug, Default)]
pub(super) struct Unpacked {
    /// The secrets that were found within.
    pub(super) found: BTreeSet<usize>,
    /// Why parts were not searched, and how many.
    pub(super) gaps: BTreeMap<String, usize>,
}

impl Unpacked {
    /// Adds what another search did not look into.
    pub(super) fn add_gaps(&mut self, other: Self) {
        for (why, number) in other.gaps {
            *self.gaps.entry(why).or_default() += number;
        }
    }

    /// Notes something that is not searched.
    pub(super) fn gap(&mut self, why: impl Into<String>) {
        *self.gaps.entry(why.into()).or_default() += 1;
    }
}

/// Limits of one file.
#[derive(Debug, Clone, Copy)]
pub(super) struct UnpackLimits {
    pub(super) depth: usize,
    pub(super) bytes: u64,
}

impl Default for UnpackLimits {
    fn default() -> Self {
        Self { depth: DEPTH, bytes: UNPACKED_BYTES }
    }
}

/// Searches what a file holds when it is packed, at any depth up to the limit. The file's own bytes are left to the caller. Blocks.
pub(super) fn search_packed(file: impl Read, search: &Search, limits: UnpackLimits) -> Unpacked {
    let mut walk = Walk { search, unpacked: Unpacked::default(), left: limits.bytes, depth: limits.depth };
    if let Err(error) = walk.content(Box::new(file), 0, false) {
        walk.unpacked.gap(format!("cannot be read: {error}"));
    }
    walk.unpacked
}

struct Walk<'s> {
    search: &'s Search,
    unpacked: Unpacked,
    /// Bytes that may still be unpacked.
    left: u64,
    depth: usize,
}

/// A stream whose bytes are searched as they are read.
struct Searched<'r, 's> {
    stream: Box<dyn Read + 'r>,
    scan: Option<SecretScan<'s>>,
    read: u64,
    most: u64,
    is_cut: bool,
}

impl Read for Searched<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.stream.read(buffer)?;
        self.read += length as u64;
        if self.read > self.most {
            self.is_cut = true;
            return Ok(0);
        }
        if let Some(scan) = &mut self.scan {
            scan.feed(&buffer[..length]);
        }
        Ok(length)
    }
}

impl<'s> Walk<'s> {
    /// Searches a stream, and what it holds. Its own bytes are searched if `is_unpacked`.
    fn content(&mut self, stream: Box<dyn Read + '_>, depth: usize, is_unpacked: bool) -> io::Result<()> {
        let most = if is_unpacked { self.left } else { u64::MAX };
        let scan = is_unpacked.then(|| self.search.begin());
        let mut stream = Searched { stream, scan, read: 0, most, is_cut: false };
        let mut head = Vec::new();
        let begun = (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut head);
        let packing = Packing::of(&head);
        let outcome = match packing {
            Some(Packing::Unknown(name)) => {
                self.unpacked.gap(format!("packed with {name}, which is not unpacked"));
                Ok(())
            }
            Some(_) if depth == self.depth => {
                self.unpacked.gap(format!("packed more than {} times over", self.depth));
                Ok(())
            }
            Some(packing) => self.unpack(packing, Box::new(io::Cursor::new(head).chain(&mut stream)), depth),
            None => Ok(()),
        };
        // Two bytes are not much of a sign that something is packed with zlib.
        if let (Err(error), true) = (&outcome, packing != Some(Packing::Zlib)) {
            self.unpacked.gap(format!("cannot be unpacked: {error}"));
        }
        // Whatever the decoder has left, and what follows what is packed. A stream that breaks off was searched up to there.
        let ended = begun.and_then(|_| io::copy(&mut stream, &mut io::sink()));
        if is_unpacked {
            self.left = self.left.saturating_sub(stream.read);
            if stream.is_cut {
                self.unpacked.gap("unpacks to more than the limit, and was searched only up to it");
            }
        }
        self.unpacked.found.extend(stream.scan.into_iter().flat_map(SecretScan::finish));
        ended.map(drop)
    }

    fn unpack(&mut self, packing: Packing, stream: Box<dyn Read + '_>, depth: usize) -> io::Result<()> {
        match packing {
            Packing::Gzip => self.content(Box::new(MultiGzDecoder::new(stream)), depth + 1, true),
            Packing::Zlib => self.content(Box::new(ZlibDecoder::new(stream)), depth + 1, true),
            Packing::Bzip2 => self.content(Box::new(MultiBzDecoder::new(stream)), depth + 1, true),
            Packing::Xz => self.content(Box::new(XzReader::new_mem_limit(stream, true, XZ_MEMORY_KIB)), depth + 1, true),
            Packing::Zip => self.zip(stream, depth),
            Packing::Tar => self.tar(stream, depth),
            Packing::Unknown(_) => Ok(()),
        }
    }

    fn zip(&mut self, mut stream: Box<dyn Read + '_>, depth: usize) -> io::Result<()> {
        let mut stored = SpooledTempFile::new(MEMORY_BYTES);
        io::copy(&mut stream, &mut stored)?;
        stored.seek(SeekFrom::Start(0))?;
        let mut archive = ZipArchive::new(stored).map_err(io::Error::other)?;
        for number in 0..archive.len() {
            match archive.by_index(number) {
                Ok(member) => self.content(Box::new(member), depth + 1, true).unwrap_or_else(|error| {
                    self.unpacked.gap(format!("cannot be unpacked: {error}"));
                }),
                Err(error) => self.unpacked.gap(format!("in a zip archive that cannot be unpacked: {error}")),
            }
        }
        Ok(())
    }

    /// The members of an archive, whose bytes the caller has searched as they are.
    fn tar(&mut self, mut stream: Box<dyn Read + '_>, depth: usize) -> io::Result<()> {
        let mut header = [0; 512];
        while stream.read_exact(&mut header).is_ok() && header.iter().any(|byte| *byte != 0) {
            let size = size_in(&header[124..136]).ok_or_else(|| io::Error::other("a header of its tar archive is damaged"))?;
            let mut member = (&mut stream).take(size.div_ceil(512) * 512);
            self.content(Box::new((&mut member).take(size)), depth + 1, false)?;
            io::copy(&mut member, &mut io::sink())?;
        }
        Ok(())
    }
}

/// A size as headers of tar write it: digits of eight, or with the highest bit set as bytes.
fn size_in(field: &[u8]) -> Option<u64> {
    if field.first().is_some_and(|first| first & 0x80 != 0) {
        return field[field.len() - 8..].iter().try_fold(0_u64, |size, byte| size.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

/// A place for a packed file that is read twice: once as it comes, and once more to be unpacked.
pub(super) fn kept_file() -> SpooledTempFile {
    SpooledTempFile::new(MEMORY_BYTES)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use bzip2::write::BzEncoder;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    const SECRET: &str = "sk-live-0123456789+/?~";

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = BzEncoder::new(Vec::new(), bzip2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zip_with(method: CompressionMethod, bytes: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("a/key.txt", SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        zip_with(CompressionMethod::Deflated, bytes)
    }

    fn tar(bytes: &[u8]) -> Vec<u8> {
        let mut header = vec![0; 512];
        header[..7].copy_from_slice(b"key.bin");
        header[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        header[257..262].copy_from_slice(b"ustar");
        let mut archive = [&header[..], bytes].concat();
        archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
        archive
    }

    /// The secret in an xz archive, made by `xz`.
    const XZ: &str = include_str!("testing/secret.xz.hex");

    fn xz() -> Vec<u8> {
        hex::decode(XZ.split_whitespace().collect::<String>()).unwrap()
    }

    fn search() -> Search {
        Search::new(&[("KEY".to_owned(), SECRET.into())]).unwrap().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> Unpacked {
        search_packed(bytes, &search(), UnpackLimits::default())
    }

    fn text() -> Vec<u8> {
        format!("{}\nKEY = {SECRET}\n{}", "before ".repeat(100), "behind ".repeat(100)).into_bytes()
    }

    #[test]
    fn a_secret_is_found_in_every_packing() {
        let packings: [(&str, Vec<u8>); 7] = [
            ("gzip", gzip(&text())),
            ("zlib", zlib(&text())),
            ("bzip2", bzip2(&text())),
            ("xz", xz()),
            ("zip", zip(&text())),
            ("zip of bzip2", zip_with(CompressionMethod::Bzip2, &text())),
            ("zip of xz", zip_with(CompressionMethod::Stored, &xz())),
        ];
        for (name, packed) in packings {
            assert!(!packed.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{name} is not packed");
            let seen = unpacked(&packed);
            assert!(seen.found.contains(&0) && seen.gaps.is_empty(), "{name}: {seen:?}");
        }
    }

    #[test]
    fn packings_within_packings_are_searched_up_to_a_depth() {
        for packed in [gzip(&zip(&gzip(&text()))), tar(&gzip(&text())), gzip(&tar(&zip(&text()))), bzip2(&zlib(&xz()))] {
            let seen = unpacked(&packed);
            assert!(seen.found.contains(&0) && seen.gaps.is_empty(), "{seen:?}");
        }
        let deep = (0..6).fold(text(), |packed, _| gzip(&packed));
        let seen = unpacked(&deep);
        assert!(seen.found.is_empty());
        assert_eq!(seen.gaps.into_keys().collect::<Vec<_>>(), ["packed more than 4 times over"]);
    }

    #[test]
    fn a_file_that_unpacks_to_too_much_is_reported() {
        let bomb = gzip(&[vec![b'x'; 200_000], SECRET.as_bytes().to_vec()].concat());
        let seen = search_packed(&bomb[..], &search(), UnpackLimits { depth: 3, bytes: 100_000 });
        assert!(seen.found.is_empty());
        assert_eq!(seen.gaps.into_keys().collect::<Vec<_>>(), ["unpacks to more than the limit, and was searched only up to it"]);
    }

    #[test]
    fn what_cannot_be_unpacked_is_counted() {
        let cut = &gzip(&text())[..40];
        assert_eq!(unpacked(cut).gaps.len(), 1);
        assert_eq!(
            unpacked(b"\x28\xb5\x2f\xfd rest").gaps.into_keys().collect::<Vec<_>>(),
            ["packed with Zstandard, which is not unpacked"]
        );
        let seen = unpacked(b"x\x9c is how a text may begin");
        assert!(seen.gaps.is_empty() && seen.found.is_empty());
    }

    #[test]
    fn a_form_within_a_packing_is_found() {
        let encoded = hex::encode(text());
        assert!(unpacked(&gzip(encoded.as_bytes())).found.contains(&0));
    }
}
