//! What follows from the code is in the repository.

use dev::{Outcome, generate_all, repository};

#[test]
fn generated_files_are_current() -> anyhow::Result<()> {
    for file in generate_all(&repository())? {
        assert_eq!(file.outcome(), Outcome::Current, "{} is stale: run `cargo dev generate-all`", file.path);
    }
    Ok(())
}
