//! What a run tested, as a record that a later run can publish by: test once, publish later.
//!
//! A record names the version by its digest, and everything that its verdict depended on: the source, the configuration, the live version
//! that it was compared with, and the version of safe-push. It is written for a version that is
//! [`Cleared`](crate::domain::cleared::Cleared), and sealed with a key that is derived from the CLI token. Whoever could forge a record
//! could publish without one.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::domain::identity::{ModelRef, VersionId, VersionRef};

/// The purpose of the seal. Another format needs another purpose.
pub const SEAL_PURPOSE: &str = "safe-push tested version 1";

/// Seals records, and recognizes its own seals.
pub trait Seal: Send + Sync {
    /// The seal of a text: letters and digits.
    fn seal(&self, text: &str) -> String;

    fn fits(&self, text: &str, seal: &str) -> bool;
}

/// Everything that a verdict depends on, apart from the version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// The live model.
    pub model: ModelRef,
    /// The version of safe-push.
    pub tool_version: String,
    /// The digest of everything that a build of the project would be given.
    pub source: String,
    /// The digest of the settings that a verdict depends on.
    pub configuration: String,
    pub live: Option<VersionId>,
}

/// The content of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct RecordContent {
    version: VersionId,
    test_model: ModelRef,
    compared_outputs: bool,
    circumstances: Circumstances,
}

/// Writes a record: a text without spaces.
pub(super) fn write(version: &VersionRef, compared_outputs: bool, circumstances: Circumstances, key: &dyn Seal) -> Option<String> {
    let VersionRef { model, id } = version.clone();
    let payload = RecordContent { version: id, test_model: model, compared_outputs, circumstances };
    let text = STANDARD_NO_PAD.encode(serde_json::to_vec(&payload).ok()?);
    let seal = key.seal(&text);
    Some(format!("{text}.{seal}"))
}

/// A record whose seal fits. Only [`TestedRecord::open`] creates one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedRecord(RecordContent);

/// A version that was tested under exactly the circumstances of now. Only [`TestedRecord::check`] creates one, and
/// [`Verified::by_record`](crate::domain::cleared::Verified::by_record) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestedBefore {
    version: VersionRef,
    live: Option<VersionId>,
    compared_outputs: bool,
}

impl TestedRecord {
    /// Reads a record. `None` if it is not one, or somebody without the key wrote it.
    pub fn open(text: &str, key: &dyn Seal) -> Option<Self> {
        let (payload, seal) = text.trim().rsplit_once('.')?;
        if !key.fits(payload, seal) {
            return None;
        }
        serde_json::from_slice(&STANDARD_NO_PAD.decode(payload).ok()?).ok().map(Self)
    }

    /// The version that it is about.
    pub fn version(&self) -> VersionRef {
        VersionRef { model: self.0.test_model.clone(), id: self.0.version.clone() }
    }

    /// Checks that nothing has changed since.
    pub fn check(self, now: &Circumstances, test_model: &ModelRef) -> Result<TestedBefore, ChangedSinceTest> {
        let version = self.version();
        let RecordContent { circumstances: then, compared_outputs, .. } = self.0;
        if then.model != now.model || version.model != *test_model {
            return Err(ChangedSinceTest::Model { tested: version });
        }
        if then.tool_version != now.tool_version {
            return Err(ChangedSinceTest::Tool { then: then.tool_version });
        }
        if then.configuration != now.configuration {
            return Err(ChangedSinceTest::Configuration);
        }
        if then.source != now.source {
            return Err(ChangedSinceTest::Source);
        }
        if then.live != now.live {
            return Err(ChangedSinceTest::Live { then: then.live, now: now.live.clone() });
        }
        Ok(TestedBefore { version, live: then.live, compared_outputs })
    }
}

impl TestedBefore {
    /// The version of the test model.
    pub fn version(&self) -> &VersionRef {
        &self.version
    }

    /// The live version that it was compared with.
    pub fn live(&self) -> Option<&VersionId> {
        self.live.as_ref()
    }

    pub fn compared_outputs(&self) -> bool {
        self.compared_outputs
    }
}

/// What changed since a version was tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangedSinceTest {
    /// It was tested for another model.
    Model {
        tested: VersionRef,
    },
    /// Another safe-push tested it.
    Tool {
        /// Its version.
        then: String,
    },
    Configuration,
    Source,
    Live {
        then: Option<VersionId>,
        now: Option<VersionId>,
    },
}

impl fmt::Display for ChangedSinceTest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Model { tested } => write!(formatter, "{tested} was tested for another model"),
            Self::Tool { then } => write!(formatter, "it was tested by safe-push {then}"),
            Self::Configuration => formatter.write_str("the configuration changed since it was tested"),
            Self::Source => formatter.write_str("the source is not the one that was tested"),
            Self::Live { then, now } => {
                let shown = |version: &Option<VersionId>| version.as_ref().map_or("no version", VersionId::short).to_owned();
                write!(formatter, "it was tested against {}, and {} is live by now", shown(then), shown(now))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: &str) -> VersionId {
        digit.repeat(64).parse().unwrap()
    }

    fn model(name: &str) -> ModelRef {
        name.parse().unwrap()
    }

    /// A seal that says what it is of.
    struct Plain(&'static str);

    impl Seal for Plain {
        fn seal(&self, text: &str) -> String {
            format!("{}{}", self.0, STANDARD_NO_PAD.encode(text))
        }

        fn fits(&self, text: &str, seal: &str) -> bool {
            self.seal(text) == seal
        }
    }

    fn key(secret: &'static str) -> Plain {
        Plain(secret)
    }

    fn now() -> Circumstances {
        Circumstances {
            model: model("acme/hotdog"),
            tool_version: "1.0.0".to_owned(),
            source: "source".to_owned(),
            configuration: "configuration".to_owned(),
            live: Some(id("1")),
        }
    }

    fn record() -> String {
        let version = VersionRef { model: model("acme/hotdog-test"), id: id("2") };
        write(&version, true, now(), &key("the-token")).unwrap()
    }

    #[test]
    fn a_version_tested_under_the_same_circumstances_is_taken() {
        let opened = TestedRecord::open(&format!("{}\n", record()), &key("the-token")).unwrap();
        let tested = opened.check(&now(), &model("acme/hotdog-test")).unwrap();
        assert_eq!((&tested.version().id, tested.live()), (&id("2"), Some(&id("1"))));
        assert!(tested.compared_outputs());
    }

    #[test]
    fn every_change_is_named() {
        let opened = TestedRecord::open(&record(), &key("the-token")).unwrap();
        let other = Circumstances { source: "x".to_owned(), ..now() };
        for (changed, test_model, words) in [
            (other, "acme/hotdog-test", "the source is not the one"),
            (Circumstances { configuration: "x".to_owned(), ..now() }, "acme/hotdog-test", "the configuration changed"),
            (
                Circumstances { live: Some(id("3")), ..now() },
                "acme/hotdog-test",
                "tested against 111111111111, and 333333333333 is live",
            ),
            (Circumstances { live: None, ..now() }, "acme/hotdog-test", "no version is live by now"),
            (Circumstances { tool_version: "1.0.1".to_owned(), ..now() }, "acme/hotdog-test", "tested by safe-push 1.0.0"),
            (Circumstances { model: model("acme/other"), ..now() }, "acme/hotdog-test", "tested for another model"),
            (now(), "acme/other-test", "tested for another model"),
        ] {
            let error = opened.clone().check(&changed, &model(test_model)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_record_that_was_forged_or_changed_is_not_one() {
        let record = record();
        assert!(TestedRecord::open(&record, &key("another-token")).is_none());
        let (payload, seal) = record.rsplit_once('.').unwrap();
        let decoded = String::from_utf8(STANDARD_NO_PAD.decode(payload).unwrap()).unwrap();
        let forged = STANDARD_NO_PAD.encode(decoded.replace(&"2".repeat(64), &"6".repeat(64)));
        for text in ["", ".", "x", payload, &format!("{forged}.{seal}"), &format!("{payload}.{}", "0".repeat(64))] {
            assert!(TestedRecord::open(text, &key("the-token")).is_none(), "{text}");
        }
    }
}
