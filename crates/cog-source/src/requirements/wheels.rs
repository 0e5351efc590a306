//! The PyTorch wheels that match the image.

use crate::cuda;
use crate::tables::{TorchRow, tables};
use crate::version;

/// A version to install and the index that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wheel {
    pub(super) version: String,
    pub(super) index: Option<String>,
}

/// The wheel of `torch` or `torchvision` for a CUDA version or the CPU; `None` for other packages and unknown versions.
pub(super) fn wheel(package: &str, asked: &str, cuda: Option<&str>) -> Option<Wheel> {
    let row = match (package, cuda) {
        ("torch", Some(cuda)) => newest_for_cuda(cuda::torch_rows(asked), cuda),
        ("torch", None) => tables().torch.iter().find(|row| row.cuda.is_none() && row.torch_version() == asked),
        ("torchvision", Some(cuda)) => newest_for_cuda(torchvision_rows(asked), cuda),
        ("torchvision", None) => torchvision_rows(asked).find(|row| row.cuda.is_none()),
        _ => None,
    }?;
    let version = match (package, cuda) {
        ("torch", _) => row.torch_version(),
        (_, Some(_)) => row.torchvision_version(),
        // Old CPU builds of torchvision exist under their `+cpu` name only.
        (_, None) => &row.torchvision,
    };
    Some(Wheel { version: version.to_owned(), index: row.extra_index.clone() })
}

/// The index of a version that names its own build, as in `2.1.0+cu118`, for the cases that [`wheel`] does not know.
pub(super) fn index_of_local_version(package: &str, asked: &str) -> Option<String> {
    let is_it = |row: &&TorchRow| match package {
        "torch" => row.torch == asked,
        "torchvision" => {
            version::without_local(asked) == row.torchvision_version()
                && row.torch.split_once('+').map(|(_, local)| local) == asked.split_once('+').map(|(_, local)| local)
        }
        _ => false,
    };
    if !asked.contains('+') {
        return None;
    }
    tables().torch.iter().find(is_it)?.extra_index.clone()
}

fn torchvision_rows(asked: &str) -> impl Iterator<Item = &'static TorchRow> {
    tables().torch.iter().filter(move |row| row.torchvision_version() == asked)
}

/// The row of the newest CUDA that is not newer than the image's; of several with the same CUDA, the newest PyTorch.
fn newest_for_cuda(rows: impl Iterator<Item = &'static TorchRow>, cuda: &str) -> Option<&'static TorchRow> {
    let cuda_of = |row: &TorchRow| row.cuda.clone().unwrap_or_default();
    rows.filter(|row| row.cuda.as_deref().is_some_and(|built_for| version::compare(built_for, cuda).is_le())).max_by(|a, b| {
        version::compare(&cuda_of(a), &cuda_of(b)).then_with(|| version::compare(a.torch_version(), b.torch_version()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(package: &str, asked: &str, cuda: Option<&str>) -> Option<(String, Option<String>)> {
        let folder = |index: String| index.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        wheel(package, asked, cuda).map(|wheel| (wheel.version, wheel.index.map(folder)))
    }

    #[test]
    fn the_newest_cuda_up_to_the_images_is_taken() {
        for (package, asked, cuda, version, index) in [
            ("torch", "2.4.0", "12.4", "2.4.0", Some("cu124")),
            ("torch", "2.4.0", "12.2", "2.4.0", Some("cu121")),
            ("torch", "2.4.0", "13.0", "2.4.0", Some("cu124")),
            ("torch", "2.4", "12.4", "2.4.1", Some("cu124")),
            ("torch", "2.0.1", "11.7", "2.0.1", None),
            ("torch", "2.0.1+cu118", "11.8", "2.0.1", Some("cu118")),
            ("torchvision", "0.19.0", "12.1", "0.19.0", Some("cu121")),
            ("torchvision", "0.12.0", "11.3", "0.12.0", Some("cu113")),
        ] {
            let expected = Some((version.to_owned(), index.map(str::to_owned)));
            assert_eq!(found(package, asked, Some(cuda)), expected, "{package} {asked} {cuda}");
        }
    }

    #[test]
    fn the_cpu_has_its_own_index() {
        for (package, asked, version) in [
            ("torch", "2.4.0", "2.4.0"),
            ("torch", "1.13.1", "1.13.1"),
            ("torchvision", "0.19.0", "0.19.0"),
            ("torchvision", "0.12.0", "0.12.0+cpu"),
        ] {
            assert_eq!(found(package, asked, None), Some((version.to_owned(), Some("cpu".to_owned()))), "{package} {asked}");
        }
    }

    #[test]
    fn versions_in_no_table_have_no_wheel() {
        for (package, asked, cuda) in [
            ("torch", "9.9.9", Some("12.4")),
            ("torch", "2.9.0", Some("11.8")),
            ("torch", "2.4.0+cpu", None),
            ("torchaudio", "2.4.0", Some("12.4")),
            ("numpy", "1.26.0", None),
        ] {
            assert_eq!(found(package, asked, cuda), None, "{package} {asked}");
        }
    }

    #[test]
    fn a_version_that_names_its_build_finds_its_index() {
        let cpu = "https://download.pytorch.org/whl/cpu/";
        assert_eq!(index_of_local_version("torch", "2.4.0+cpu").as_deref(), Some(cpu));
        assert_eq!(index_of_local_version("torchvision", "0.19.0+cpu").as_deref(), Some(cpu));
        assert_eq!(index_of_local_version("torch", "2.4.0"), None);
        assert_eq!(index_of_local_version("numpy", "1.0+cpu"), None);
    }
}
