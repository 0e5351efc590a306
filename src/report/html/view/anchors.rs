//! Names of places in the page, made from the names of models and cases, so that a link to one leads to the same case in the next run's
//! report.

use std::collections::HashMap;

/// The anchors that are taken.
#[derive(Default)]
pub(super) struct Anchors {
    /// The number that the last one with this name got.
    taken: HashMap<String, u32>,
}

impl Anchors {
    pub(super) fn of_model(&mut self, name: &str) -> String {
        self.unique(slug(name))
    }

    /// The anchor of something in a model.
    pub(super) fn within(&mut self, model: &str, name: &str) -> String {
        self.unique(format!("{model}/{}", slug(name)))
    }

    fn unique(&mut self, wanted: String) -> String {
        let number = self.taken.entry(wanted.clone()).and_modify(|number| *number += 1).or_insert(1);
        // No name contains a tilde.
        if *number == 1 { wanted } else { format!("{wanted}~{number}") }
    }
}

/// The letters and digits of a name; everything else is a hyphen. Safe in an attribute and in an address.
fn slug(name: &str) -> String {
    let plain = name.chars().take(80).map(|letter| if letter.is_alphanumeric() { letter } else { '-' });
    let plain = plain.collect::<String>().to_lowercase();
    let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_come_from_names_and_are_never_the_same() {
        let mut anchors = Anchors::default();
        let model = anchors.of_model("acme/Hot Dog");
        assert_eq!(model, "acme-hot-dog");
        assert_eq!(anchors.within(&model, "case-1"), "acme-hot-dog/case-1");
        assert_eq!(anchors.within(&model, "case 1"), "acme-hot-dog/case-1~2");
        assert_eq!(anchors.of_model("\"><script>"), "script");
        // Names in any script stay apart, whatever their order.
        assert_eq!(anchors.of_model("夜の港"), "夜の港");
        assert_eq!(anchors.of_model("Über Straße"), "über-straße");
        assert_eq!(anchors.of_model("\u{202e}!?"), "unnamed");
    }
}
