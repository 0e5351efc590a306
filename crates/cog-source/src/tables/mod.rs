//! Releases of PyTorch and TensorFlow and images of nvidia/cuda, and which of them fit together.
//!
//! The facts are those of Cog 0.22 (2026-08), described in `docs/reference/cog.md#compatibility-tables`. They are in three tab-separated
//! files beside this one, so an update changes only data. A row that cannot be read is left out rather than stopping a build; a test counts
//! the rows.

use std::sync::LazyLock;

use crate::version;

/// The newest Python that any row names. A newer one may work, but nothing is known about it.
pub(crate) const NEWEST_KNOWN_PYTHON: &str = "3.14";

/// A PyTorch release for one CUDA version (or for the CPU) and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TorchRow {
    /// The version as pip knows it, as in `2.1.2+cu118`.
    pub(crate) torch: String,
    /// The matching torchvision release.
    pub(crate) torchvision: String,
    /// The matching torchaudio release.
    pub(crate) torchaudio: String,
    /// The CUDA version it was built for; `None` is the CPU build.
    pub(crate) cuda: Option<String>,
    /// The Python versions that have wheels.
    pub(crate) pythons: Vec<String>,
    /// The package index that has the wheel; `None` when PyPI does.
    pub(crate) extra_index: Option<String>,
}

impl TorchRow {
    /// The version without its local part.
    pub(crate) fn torch_version(&self) -> &str {
        version::without_local(&self.torch)
    }

    /// torchvision's version without its local part.
    pub(crate) fn torchvision_version(&self) -> &str {
        version::without_local(&self.torchvision)
    }
}

/// A development image of nvidia/cuda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CudaImage {
    /// The tag, as in `12.4.1-cudnn-devel-ubuntu22.04`.
    pub(crate) tag: String,
    /// The CUDA version with its patch.
    pub(crate) cuda: String,
    /// The major version of cuDNN.
    pub(crate) cudnn: String,
    /// The Ubuntu release.
    pub(crate) ubuntu: String,
}

/// A TensorFlow release and the libraries it was built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorFlowRow {
    pub(crate) version: String,
    /// The requirement to install without a GPU.
    pub(crate) cpu_package: String,
    /// The requirement to install with a GPU.
    pub(crate) gpu_package: String,
    /// CUDA, `major.minor`.
    pub(crate) cuda: String,
    /// cuDNN, `major.minor`.
    pub(crate) cudnn: String,
    /// The Python versions that have wheels.
    pub(crate) pythons: Vec<String>,
}

impl TensorFlowRow {
    /// The major version of cuDNN, which is what nvidia's images are named by.
    pub(crate) fn cudnn_major(&self) -> &str {
        self.cudnn.split('.').next().unwrap_or(&self.cudnn)
    }
}

/// All three tables.
#[derive(Debug)]
pub(crate) struct Tables {
    /// PyTorch, oldest first, without rows whose CUDA no image has.
    pub(crate) torch: Vec<TorchRow>,
    /// Images of nvidia/cuda, oldest CUDA first.
    pub(crate) cuda_images: Vec<CudaImage>,
    /// TensorFlow, oldest first.
    pub(crate) tensorflow: Vec<TensorFlowRow>,
}

/// The tables, read once.
pub(crate) fn tables() -> &'static Tables {
    static TABLES: LazyLock<Tables> = LazyLock::new(|| {
        let cuda_images: Vec<CudaImage> = rows(include_str!("cuda_images.tsv")).filter_map(|row| cuda_image(&row)).collect();
        let has_image = |row: &TorchRow| match &row.cuda {
            None => true,
            Some(cuda) => cuda_images.iter().any(|image| version::matches(cuda, &image.cuda)),
        };
        let torch = rows(include_str!("torch.tsv")).filter_map(|row| torch_row(&row)).filter(has_image).collect();
        let tensorflow = rows(include_str!("tensorflow.tsv")).filter_map(|row| tensorflow_row(&row)).collect();
        Tables { torch, cuda_images, tensorflow }
    });
    &TABLES
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn torch_row(row: &[&str]) -> Option<TorchRow> {
    let [torch, torchvision, torchaudio, cuda, pythons, extra_index] = row else { return None };
    Some(TorchRow {
        torch: (*torch).to_owned(),
        torchvision: (*torchvision).to_owned(),
        torchaudio: (*torchaudio).to_owned(),
        cuda: optional(cuda),
        pythons: list(pythons),
        extra_index: optional(extra_index),
    })
}

fn cuda_image(row: &[&str]) -> Option<CudaImage> {
    let [tag, cuda, cudnn, ubuntu] = row else { return None };
    Some(CudaImage { tag: (*tag).to_owned(), cuda: (*cuda).to_owned(), cudnn: (*cudnn).to_owned(), ubuntu: (*ubuntu).to_owned() })
}

fn tensorflow_row(row: &[&str]) -> Option<TensorFlowRow> {
    let [version, cpu_package, gpu_package, cuda, cudnn, pythons] = row else { return None };
    Some(TensorFlowRow {
        version: (*version).to_owned(),
        cpu_package: (*cpu_package).to_owned(),
        gpu_package: (*gpu_package).to_owned(),
        cuda: (*cuda).to_owned(),
        cudnn: (*cudnn).to_owned(),
        pythons: list(pythons),
    })
}

fn optional(cell: &str) -> Option<String> {
    (cell != "-").then(|| cell.to_owned())
}

fn list(cell: &str) -> Vec<String> {
    cell.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use crate::version::Version;

    #[test]
    fn every_row_of_the_files_is_read() {
        assert_eq!(rows(include_str!("torch.tsv")).filter_map(|row| torch_row(&row)).count(), 96);
        assert_eq!(tables().cuda_images.len(), 83);
        assert_eq!(tables().tensorflow.len(), 18);
        // Three rows are for CUDA 10.2, for which there is no image.
        assert_eq!(tables().torch.len(), 93);
    }

    #[test]
    fn every_torch_row_is_for_a_known_cuda_or_the_cpu() {
        for row in &tables().torch {
            assert!(Version::parse(&row.torch).is_some(), "{}", row.torch);
            assert!(Version::parse(&row.torchvision).is_some(), "{}", row.torchvision);
            assert!(Version::parse(&row.torchaudio).is_some(), "{}", row.torchaudio);
            if let Some(cuda) = &row.cuda {
                assert!(tables().cuda_images.iter().any(|image| version::matches(cuda, &image.cuda)), "{}", row.torch);
            }
            assert!(row.pythons.iter().all(|python| Version::parse(python).is_some()), "{}", row.torch);
        }
    }

    #[test]
    fn every_index_is_a_url_that_names_the_rows_cuda() {
        for row in &tables().torch {
            let Some(index) = &row.extra_index else {
                assert!(row.torch.starts_with("2.0."), "only PyTorch 2.0 had its CUDA wheel on PyPI: {}", row.torch);
                continue;
            };
            let url = url::Url::parse(index).unwrap();
            assert_eq!((url.scheme(), url.host_str()), ("https", Some("download.pytorch.org")));
            let folder = row.cuda.as_ref().map_or("cpu".to_owned(), |cuda| format!("cu{}", cuda.replace('.', "")));
            assert_eq!(url.path(), format!("/whl/{folder}/"));
        }
    }

    #[test]
    fn all_tables_are_in_ascending_order() {
        assert!(tables().torch.is_sorted_by(|a, b| version::compare(a.torch_version(), b.torch_version()) != Ordering::Greater));
        assert!(tables().cuda_images.is_sorted_by(|a, b| version::compare(&a.cuda, &b.cuda) != Ordering::Greater));
        assert!(tables().tensorflow.is_sorted_by(|a, b| version::compare(&a.version, &b.version) == Ordering::Less));
    }

    #[test]
    fn every_image_tag_names_its_cuda_and_ubuntu() {
        for image in &tables().cuda_images {
            assert!(image.tag.starts_with(&format!("{}-cudnn", image.cuda)), "{}", image.tag);
            assert!(image.tag.ends_with(&format!("-devel-ubuntu{}", image.ubuntu)), "{}", image.tag);
            assert!(["8", "9"].contains(&image.cudnn.as_str()), "{}", image.tag);
        }
    }

    #[test]
    fn every_tensorflow_row_pins_its_own_version() {
        for row in &tables().tensorflow {
            assert_eq!(row.gpu_package, format!("tensorflow=={}", row.version));
            assert_eq!(row.cpu_package, format!("tensorflow=={}", row.version));
            assert!(["8", "9"].contains(&row.cudnn_major()));
        }
    }

    #[test]
    fn the_newest_known_python_is_the_newest_in_the_table() {
        let newest = tables().torch.iter().flat_map(|row| &row.pythons).max_by(|a, b| version::compare(a, b)).unwrap();
        assert_eq!(newest, NEWEST_KNOWN_PYTHON);
    }

    #[test]
    fn there_is_one_cpu_row_for_every_torch_release() {
        for row in &tables().torch {
            let cpu_rows =
                tables().torch.iter().filter(|other| other.cuda.is_none() && other.torch_version() == row.torch_version());
            assert_eq!(cpu_rows.count(), 1, "{}", row.torch);
        }
    }
}
