//! A daemon that removes an image together with the name that a run has just given it, because another run removed its last name.

use super::{Harness, Last, error, stages};
use crate::clients::docker::DockerError;
use crate::domain::verdict::Verdict;
use crate::pipeline::ModelRun;
use crate::publish::testing::World;

/// The images of this daemon are gone when a call begins.
fn lose_at(world: &World, call: &'static str, name: &'static str) {
    world.at(call, move |world| world.state().images.retain(|known, _| !known.starts_with(name)));
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_lost_is_given_again() {
    for (call, name, repeated, times) in [
        // The image of the first build, before it is read and before the second one.
        ("inspect_image safe-push-build:<unique>", "safe-push-build", "build", 2),
        ("derive_image safe-push-run:<unique>", "safe-push-build", "build", 2),
        // The labeled image of a push.
        ("push r8.im/acme/hotdog-test", "r8.im/", "derive_image", 4),
        ("push r8.im/acme/hotdog", "r8.im/", "derive_image", 4),
        // The image that the labeled one is made from: a build of its own, with everything that belongs to it.
        ("derive_image r8.im/acme/hotdog-test:safe-push-<unique>", "safe-push-", "build", 2),
    ] {
        let harness = Harness::new();
        lose_at(&harness.world, call, name);
        let report = harness.run(harness.plan()).await;
        assert_eq!(report.verdict, Verdict::Passed, "{call}: {report:#?}");
        assert_eq!(stages(&report)[..5], ["inspect passed", "build passed", "stage passed", "verify passed", "publish passed"]);
        assert_eq!(harness.world.calls_of(repeated).len(), times, "{call}: {:#?}", harness.world.calls());
        assert!(harness.world.names().iter().all(|name| !name.starts_with("safe-push-run")), "{call}: {:?}", harness.world.names());
    }
}

#[tokio::test(start_paused = true)]
async fn the_image_of_an_earlier_build_that_goes_is_made_again() {
    let harness = Harness::new();
    // Under a name that stays, so that the second run finds it.
    let report = harness.run_to(Last::Build, vec![ModelRun::new(harness.plan())]).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
    lose_at(&harness.world, "inspect_image safe-push-run:<unique>", "safe-push-run");
    let report = harness.run(harness.plan()).await;
    assert_eq!(report.verdict, Verdict::Passed, "{report:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_loses_every_image_is_an_error_in_the_end() {
    let harness = Harness::new();
    for _ in 0..10 {
        harness.world.fail_docker("push", DockerError::NoSuchImage { image: "r8.im/acme/hotdog-test:lost".to_owned() });
    }
    let report = harness.run(harness.plan()).await;
    assert_eq!(stages(&report)[..3], ["inspect passed", "build passed", "stage errored"], "{report:#?}");
    assert_eq!(error(&report).0, "image 'r8.im/acme/hotdog-test:lost' not found");
    // Three pushes of each of two builds.
    assert_eq!((harness.world.calls_of("push").len(), harness.world.calls_of("build").len()), (6, 2));
}
