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

use crate::build::leaks::search::SecretScanner;
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
    /// The archives of compilers and of Debian's packages.
    Ar,
    /// The archives of RPM packages and of boot disks, in the format `newc`.
    Cpio,
    /// Recognized, and not unpacked.
    Unknown(&'static str),
}

impl Packing {
    /// Recognizes the packing by the first bytes of a file.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let starts = |magic: &[u8]| head.starts_with(magic);
        Some(match head {
            _ if starts(b"\x1f\x8b\x08") => Self::Gzip,
            _ if starts(b"BZh") && head.get(4..10) == Some(b"\x31\x41\x59\x26\x53\x59") => Self::Bzip2,
            _ if starts(b"\xfd7zXZ\0") => Self::Xz,
            _ if starts(b"PK\x03\x04") => Self::Zip,
            _ if is_tar(head) => Self::Tar,
            _ if starts(b"!<arch>\n") => Self::Ar,
            _ if starts(b"070701") || starts(b"070702") => Self::Cpio,
            _ if starts(b"070707") || starts(b"\xc7\x71") => Self::Unknown("an old format of cpio"),
            _ if starts(b"\x28\xb5\x2f\xfd") => Self::Unknown("Zstandard"),
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Unknown("Zstandard or LZ4"),
            _ if starts(b"7z\xbc\xaf\x27\x1c") => Self::Unknown("7z"),
            _ if starts(b"Rar!\x1a\x07") => Self::Unknown("RAR"),
            _ if starts(b"\x04\x22\x4d\x18") || starts(b"\x02\x21\x4c\x18") => Self::Unknown("LZ4"),
            _ if starts(b"LZIP") => Self::Unknown("lzip"),
            _ if starts(b"\x1f\x9d") => Self::Unknown("compress"),
            // The size of what is packed: below 2^40, or unknown.
            _ if starts(b"\x5d\0\0") && (head.get(10..13) == Some(&[0; 3]) || head.get(5..13) == Some(&[0xff; 8])) => {
                Self::Unknown("LZMA")
            }
            [first, second, ..] if is_zlib(*first, *second) => Self::Zlib,
            _ => return None,
        })
    }
}

/// Whether these bytes start a zlib stream: deflate, any window size, no preset dictionary.
fn is_zlib(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && first >> 4 <= 7 && second & 0x20 == 0 && (u16::from(first) * 256 + u16::from(second)).is_multiple_of(31)
}

/// Whether a block is a tar header: by its magic, or by its checksum in archives from before POSIX.
fn is_tar(head: &[u8]) -> bool {
    if head.get(257..262) == Some(b"ustar") {
        return true;
    }
    let (Some(header), Some(sum)) = (head.get(..HEAD_BYTES), head.get(148..156)) else { return false };
    let stated = std::str::from_utf8(sum).ok().and_then(|text| u32::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok());
    let bytes = header.iter().enumerate().map(|(place, byte)| if (148..156).contains(&place) { b' ' } else { *byte });
    stated.is_some_and(|stated| stated > 0 && stated == bytes.map(u32::from).sum::<u32>())
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

/// Searches the content of a packed file, at any depth up to the limit. The file's own bytes are left to the caller. Blocks.
pub(super) fn search_packed(file: impl Read, search: &SecretScanner, limits: UnpackLimits) -> Unpacked {
    let mut walk = Walk { search, unpacked: Unpacked::default(), left: limits.bytes, depth: limits.depth };
    if let Err(error) = walk.content(Box::new(file), 0, false) {
        walk.unpacked.gap(format!("cannot be read: {error}"));
    }
    walk.unpacked
}

struct Walk<'s> {
    search: &'s SecretScanner,
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
        let read_head = (&mut stream).take(HEAD_BYTES as u64).read_to_end(&mut head);
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
        // Two bytes are weak evidence for zlib.
        if let (Err(error), true) = (&outcome, packing != Some(Packing::Zlib)) {
            self.unpacked.gap(format!("cannot be unpacked: {error}"));
        }
        // Reads what the decoder left, and what follows the packed data. A truncated stream was searched up to its end.
        let ended = read_head.and_then(|_| io::copy(&mut stream, &mut io::sink()));
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
            Packing::Ar => self.ar(stream, depth),
            Packing::Cpio => self.cpio(stream, depth),
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
        while stream.read_exact(&mut header).is_ok() {
            // The end of an archive. Another one may follow.
            if header.iter().all(|byte| *byte == 0) {
                continue;
            }
            if !is_tar(&header) {
                return Err(io::Error::other("a header of its tar archive is damaged, or something else follows the archive"));
            }
            let size = size_in(&header[124..136]).ok_or_else(|| io::Error::other("a header of its tar archive is damaged"))?;
            let with_filling = size.checked_next_multiple_of(512).ok_or_else(|| io::Error::other("its tar archive is damaged"))?;
            self.member(&mut *stream, size, with_filling, depth)?;
        }
        Ok(())
    }

    fn ar(&mut self, mut stream: Box<dyn Read + '_>, depth: usize) -> io::Result<()> {
        let damaged = || io::Error::other("a header of its ar archive is damaged");
        stream.read_exact(&mut [0; 8])?;
        let mut header = [0; 60];
        while stream.read_exact(&mut header).is_ok() {
            let size = std::str::from_utf8(&header[48..58]).ok().and_then(|text| text.trim().parse::<u64>().ok());
            let size = size.filter(|_| header.ends_with(b"`\n")).ok_or_else(damaged)?;
            self.member(&mut *stream, size, size.checked_next_multiple_of(2).ok_or_else(damaged)?, depth)?;
        }
        Ok(())
    }

    fn cpio(&mut self, mut stream: Box<dyn Read + '_>, depth: usize) -> io::Result<()> {
        let damaged = || io::Error::other("a header of its cpio archive is damaged");
        let mut header = [0; 110];
        while stream.read_exact(&mut header).is_ok() {
            let field = |place: usize| {
                let digits = std::str::from_utf8(header.get(place..place + 8)?).ok()?;
                u64::from_str_radix(digits, 16).ok()
            };
            // The end, filled up to a whole block.
            if header.starts_with(b"\0") {
                loop {
                    match stream.read(&mut header)? {
                        0 => return Ok(()),
                        length if header[..length].iter().all(|byte| *byte == 0) => {}
                        _ => return Err(io::Error::other("something follows its cpio archive")),
                    }
                }
            }
            let (Some(size), Some(name), true) = (field(54), field(94), header.starts_with(b"0707")) else { return Err(damaged()) };
            // Header and name end at a multiple of four, and so does the member.
            let name = (110 + name).next_multiple_of(4) - 110;
            io::copy(&mut (&mut stream).take(name), &mut io::sink())?;
            self.member(&mut *stream, size, size.next_multiple_of(4), depth)?;
        }
        Ok(())
    }

    /// A member of an archive that stores its members unpacked, with the padding after it.
    fn member(&mut self, stream: &mut (dyn Read + '_), size: u64, with_filling: u64, depth: usize) -> io::Result<()> {
        let mut member = stream.take(with_filling);
        self.content(Box::new((&mut member).take(size)), depth + 1, false)?;
        io::copy(&mut member, &mut io::sink()).map(drop)
    }
}

/// A size in a tar header: octal digits, or bytes if the highest bit is set.
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
        with_checksum(&mut header);
        let mut archive = [&header[..], bytes].concat();
        archive.resize(archive.len().div_ceil(512) * 512 + 1024, 0);
        archive
    }

    fn with_checksum(header: &mut [u8]) {
        header[148..156].copy_from_slice(b"        ");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }

    /// An archive in the format from before POSIX, without a magic.
    fn old_tar(bytes: &[u8]) -> Vec<u8> {
        let mut archive = tar(bytes);
        archive[257..262].fill(0);
        with_checksum(&mut archive[..512]);
        archive
    }

    fn ar(members: &[&[u8]]) -> Vec<u8> {
        let mut archive = b"!<arch>\n".to_vec();
        for bytes in members {
            archive.extend(format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "data.tar.gz/", 0, 0, 0, 100_644, bytes.len()).bytes());
            archive.extend_from_slice(bytes);
            archive.resize(archive.len().next_multiple_of(2), b'\n');
        }
        archive
    }

    fn cpio(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, bytes) in members {
            let fields = [0, 0o100_644, 0, 0, 1, 0, bytes.len(), 0, 0, 0, 0, name.len() + 1, 0];
            archive.extend(format!("070701{}", fields.map(|field| format!("{field:08X}")).concat()).bytes());
            archive.extend(name.bytes());
            archive.push(0);
            archive.resize(archive.len().next_multiple_of(4), 0);
            archive.extend_from_slice(bytes);
            archive.resize(archive.len().next_multiple_of(4), 0);
        }
        archive
    }

    /// The secret in an xz archive, made by `xz`.
    const XZ: &str = include_str!("testing/secret.xz.hex");

    /// The text, made by zlib with windows of 512 bytes and of 4 KiB.
    const SMALL_WINDOWS: [&str; 2] = [
        "18d34b4a4dcb2f4a55481aa546a9a1467179bb462ad82a1467ebe66496a5ea1a181a199b989a995b586aebdbd77125a56664e6a5288c52a3d490a3001cd706f9",
        "48c74b4a4dcb2f4a55481aa546a9a1467179bb462ad82a1467ebe66496a5ea1a181a199b989a995b586aebdbd77125a56664e6a5288c52a3d490a3001cd706f9",
    ];

    fn xz() -> Vec<u8> {
        hex::decode(XZ.split_whitespace().collect::<String>()).unwrap()
    }

    fn search() -> SecretScanner {
        SecretScanner::new(&[("KEY".to_owned(), SECRET.into())]).unwrap().unwrap()
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
    fn members_of_archives_are_unpacked_whatever_precedes_them() {
        let packed = gzip(&text());
        let archives: [(&str, Vec<u8>); 5] = [
            ("tar without a mark", old_tar(&packed)),
            ("tar behind the end of another", [tar(b"first"), tar(&packed)].concat()),
            ("ar", ar(&[b"2.0", &packed])),
            ("cpio", [cpio(&[("a", b"12345"), ("key.gz", &packed), ("TRAILER!!!", b"")]), vec![0; 300]].concat()),
            ("tar in ar", ar(&[b"odd", &tar(&packed)])),
        ];
        for (name, archive) in archives {
            let seen = unpacked(&archive);
            assert!(seen.found.contains(&0) && seen.gaps.is_empty(), "{name}: {seen:?}");
        }
    }

    #[test]
    fn zlib_with_a_small_window_is_unpacked() {
        for packed in SMALL_WINDOWS {
            let seen = unpacked(&hex::decode(packed).unwrap());
            assert!(seen.found.contains(&0) && seen.gaps.is_empty(), "{seen:?}");
        }
    }

    #[test]
    fn what_is_packed_in_other_ways_is_named() {
        let unknown_size = [&b"\x5d\0\0\x80\0"[..], &[0xff; 8], b"rest"].concat();
        let formats: [(&str, &[u8]); 9] = [
            ("LZMA", b"\x5d\0\0\x80\0\x10\x27\0\0\0\0\0\0rest"),
            ("LZMA", &unknown_size),
            ("Zstandard or LZ4", b"\x50\x2a\x4d\x18\x04\0\0\0abcd\x28\xb5\x2f\xfd"),
            ("LZ4", b"\x02\x21\x4c\x18rest"),
            ("lzip", b"LZIP\x01rest"),
            ("compress", b"\x1f\x9d\x90rest"),
            ("an old format of cpio", b"070707rest"),
            ("an old format of cpio", b"\xc7\x71rest"),
            ("7z", b"7z\xbc\xaf\x27\x1crest"),
        ];
        for (name, bytes) in formats {
            let gaps: Vec<String> = unpacked(bytes).gaps.into_keys().collect();
            assert_eq!(gaps, [format!("packed with {name}, which is not unpacked")], "{bytes:?}");
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
