//! Reading a project's folder.

use super::*;
use crate::domain::verdict::Verdict;

async fn error(files: &[(&str, &str)], cog_version: Option<&str>) -> InspectError {
    let folder = folder(files);
    let error = load_project(folder.path(), &ProjectPlace::default(), cog_version).await.unwrap_err();
    assert_eq!(error.verdict(), Verdict::Misconfigured);
    error
}

#[tokio::test]
async fn a_project_is_read_with_its_requirements() {
    let text = "build:\n  python_version: \"3.12\"\n  python_requirements: req/gpu.txt\nrun: run.py:Runner\n";
    let folder = folder(&[("cog.yaml", text), ("req/gpu.txt", "six\n")]);
    let (project, findings) = load_project(folder.path(), &ProjectPlace::default(), None).await.unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    assert_eq!((project.config_file.as_str(), project.config_text.as_str()), ("cog.yaml", text));
    let requirements = project.requirements.unwrap();
    assert_eq!((requirements.file.as_str(), requirements.text.as_str()), ("req/gpu.txt", "six\n"));
    assert_eq!(project.folder, folder.path());
}

#[tokio::test]
async fn files_are_named_by_their_repository_path() {
    let folder = folder(&[("cog.yaml", "build:\n  python_version: \"3.12\"\n  system_pakages: []\nrun: run.py:Runner\n")]);
    for (shown_as, file) in [
        ("", "cog.yaml"),
        (".", "cog.yaml"),
        ("./", "cog.yaml"),
        ("models/a", "models/a/cog.yaml"),
        ("models/a/", "models/a/cog.yaml"),
        ("./models/a", "models/a/cog.yaml"),
    ] {
        let (project, findings) = load_project(folder.path(), &ProjectPlace::of_folder(shown_as), None).await.unwrap();
        assert_eq!(project.config_file, file, "{shown_as}");
        assert!(place(&findings[0]).starts_with(&format!("{file}:3")), "{}", place(&findings[0]));
    }
}

#[tokio::test]
async fn the_sdk_comes_from_the_setting_then_the_file_then_the_newest() {
    let pinned = "build:\n  python_version: \"3.12\"\n  sdk_version: 0.19.0\nrun: run.py:Runner\n";
    for (text, setting, sdk) in [
        (pinned, Some("0.16.12"), "0.16.12"),
        (pinned, Some("v0.22.0"), "0.22.0"),
        (pinned, None, "0.19.0"),
        (COG_YAML, None, "latest"),
        (COG_YAML, Some("latest"), "latest"),
    ] {
        let folder = folder(&[("cog.yaml", text)]);
        let (project, _) = load_project(folder.path(), &ProjectPlace::default(), setting).await.unwrap();
        assert_eq!(project.sdk.to_string(), sdk, "{setting:?}");
        assert_eq!(project.sdk_decision.chosen, sdk);
    }
}

#[tokio::test]
async fn without_a_configuration_the_nearest_name_is_suggested() {
    let no_config = error(&[("cog.yml", COG_YAML), ("run.py", "")], None).await;
    assert!(matches!(no_config, InspectError::NoConfig { .. }), "{no_config:?}");
    assert_eq!(no_config.hint().as_deref(), Some("rename cog.yml to cog.yaml"));
    let no_config = error(&[("readme.md", "")], None).await;
    assert!(no_config.hint().unwrap().contains("--working-directory"), "{no_config:?}");
    let missing = load_project(Path::new("/nowhere/at/all"), &ProjectPlace::default(), None).await.unwrap_err();
    assert!(matches!(missing, InspectError::NoConfig { near: None, .. }), "{missing:?}");
}

#[tokio::test]
async fn a_configuration_that_is_not_a_mapping_is_reported_with_its_location() {
    let unusable = error(&[("cog.yaml", "build:\n  gpu: true\n bad\n")], None).await;
    assert_eq!(unusable.to_string(), "cog.yaml cannot be used");
    assert_eq!(codes(unusable.findings()), ["SP501"]);
    assert_eq!(unusable.location().map(|place| place.file), Some("cog.yaml".to_owned()));
}

#[tokio::test]
async fn an_unreadable_file_is_named() {
    let folder = folder(&[("cog.yaml/x", "")]);
    let unreadable = load_project(folder.path(), &ProjectPlace::default(), None).await.unwrap_err();
    assert!(matches!(&unreadable, InspectError::Unreadable { path, .. } if path.ends_with("cog.yaml")), "{unreadable:?}");
    let large = format!("# {}\n", "x".repeat(4 * 1024 * 1024));
    let unreadable = error(&[("cog.yaml", &large)], None).await;
    assert!(matches!(unreadable, InspectError::Unreadable { .. }), "{unreadable:?}");
    let text = "build:\n  python_version: \"3.12\"\n  python_requirements: req\nrun: run.py:Runner\n";
    let unreadable = error(&[("cog.yaml", text), ("req/x", "")], None).await;
    assert!(matches!(&unreadable, InspectError::Unreadable { path, .. } if path.ends_with("req")), "{unreadable:?}");
}

#[tokio::test]
async fn an_invalid_version_is_rejected() {
    for version in ["newest", "1.x", "0.16.12; rm"] {
        let bad = error(&[("cog.yaml", COG_YAML)], Some(version)).await;
        assert_eq!(bad.to_string(), format!("'{version}' is not a version of Cog"));
        assert!(bad.hint().unwrap().contains("0.16.12") && bad.location().is_none());
    }
}

#[tokio::test]
async fn mistakes_in_the_configuration_do_not_hide_the_project() {
    let folder = folder(&[("cog.yaml", "build:\n  gpu: \"true\"\n  python_version: \"3.12\"\nrun: run.py:Runner\n")]);
    let (project, findings) = load_project(folder.path(), &ProjectPlace::default(), None).await.unwrap();
    assert_eq!(codes(&findings), ["SP503"]);
    assert!(project.config.predict.is_some());
}

#[test]
fn a_canceled_inspection_is_not_a_mistake() {
    assert_eq!((InspectError::Cancelled.verdict(), InspectError::Cancelled.hint()), (Verdict::Cancelled, None));
}
