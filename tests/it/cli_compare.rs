//! `compare`: two files or URLs, measurements with their thresholds, and where the files differ.

use std::fs;
use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};
use insta::assert_snapshot;
use test_support::Repository;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// A smooth gradient.
fn gradient() -> RgbImage {
    RgbImage::from_fn(200, 150, |x, y| Rgb([x as u8, y as u8, 120]))
}

/// The gradient with a square of a different color.
fn damaged_gradient() -> RgbImage {
    let mut image = gradient();
    for (x, y) in (70..94).flat_map(|x| (60..84).map(move |y| (x, y))) {
        image.put_pixel(x, y, Rgb([255, 0, 255]));
    }
    image
}

fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn images() -> Repository {
    let repository = Repository::new();
    fs::write(repository.path().join("one.png"), png(&gradient())).unwrap();
    fs::write(repository.path().join("two.png"), png(&damaged_gradient())).unwrap();
    repository
}

#[test]
fn measurements_are_shown_with_their_thresholds() {
    assert_snapshot!(images().run("compare one.png two.png"));
}

#[test]
fn equal_files_are_the_same() {
    let seen = images().run("compare one.png one.png");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stdout.starts_with("same (image)\n"), "{seen}");
}

#[test]
fn json_contains_the_thresholds() {
    let seen = images().run("compare --format json one.png two.png");
    assert_eq!(seen.code, Some(1), "{seen}");
    let document: serde_json::Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!((&document["same"], &document["kind"]), (&false.into(), &"image".into()));
    let measurements = document["measurements"].as_array().unwrap();
    let tile = measurements.iter().find(|measurement| measurement["name"] == "worst_tile_distance").unwrap();
    assert_eq!((&tile["at_most"], &tile["holds"]), (&64.0.into(), &false.into()));
}

#[test]
fn thresholds_can_be_changed() {
    let repository = images();
    assert_eq!(repository.run("compare one.png two.png --threshold worst_tile_distance=400").code, Some(0));
    assert_eq!(repository.run("compare one.png two.png --threshold worst_tile_distance=400 --threshold ssim=0.9999").code, Some(1));
    let seen = repository.run("compare one.png two.png --threshold sim=0.5");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("did you mean ssim?"), "{seen}");
    assert_eq!(repository.run("compare one.png two.png --threshold 5").code, Some(2));
    assert_eq!(repository.run("compare one.png two.png --threshold ssim=high").code, Some(2));
}

#[test]
fn the_difference_of_two_files_can_be_saved() {
    let repository = images();
    assert_eq!(repository.run("compare one.png two.png --out heat.png").code, Some(1));
    let heat = image::open(repository.path().join("heat.png")).unwrap();
    assert_eq!((heat.width(), heat.height()), (200, 150));
    repository.write("one.txt", "one\ntwo\n");
    repository.write("two.txt", "one\n2\n");
    assert_eq!(repository.run("compare one.txt two.txt --out diff.txt").code, Some(1));
    assert_eq!(repository.read("diff.txt"), "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
    let seen = repository.run("compare one.txt one.txt --out none.txt");
    assert_eq!(seen.code, Some(0), "{seen}");
    assert!(seen.stderr.contains("nothing was written") && !repository.path().join("none.txt").exists(), "{seen}");
}

#[test]
fn an_unreadable_file_is_an_invalid_request() {
    let seen = images().run("compare one.png nowhere.png");
    assert_eq!(seen.code, Some(2), "{seen}");
    assert!(seen.stderr.contains("failed to read nowhere.png"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_are_fetched() {
    let server = MockServer::start().await;
    Mock::given(path("/out.png"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(png(&gradient()), "image/png"))
        .mount(&server)
        .await;
    // URLs in private networks are fetched if the API is in one.
    let repository = images().variable("REPLICATE_BASE_URL", &server.uri());
    let seen = repository.run(&format!("compare one.png {}/out.png", server.uri()));
    assert_eq!(seen.code, Some(0), "{seen}");
    let seen = repository.run(&format!("compare one.png {}/gone.png", server.uri()));
    assert_eq!(seen.code, Some(2), "{seen}");
    let alone = images().run(&format!("compare one.png {}/out.png", server.uri()));
    assert_eq!(alone.code, Some(2), "{alone}");
    assert!(alone.stderr.contains("private network"), "{alone}");
}
