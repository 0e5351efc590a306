//! Where secrets are in a text: in the text as it is, and in what a terminal or a report shows of it.
//!
//! An escape sequence or an invisible character may interrupt a secret. Terminals and reports drop those, and then the secret is whole.

use std::ops::Range;

use super::search::{SecretSearch, merged};
use super::weakness::SHORTEST_SECRET;
use crate::support::visible_text::{Visible, visible};

/// Marks truncated text.
const CUT: char = '…';

/// Bytes checked before a truncation mark, and the most marks checked per text.
const CUT_WINDOW: usize = 4096;
const MAX_CUTS: usize = 10_000;

/// The secrets of one text.
pub(super) struct Occurrences<'a> {
    text: &'a str,
    search: &'a SecretSearch,
    shown: Option<Shown>,
}

/// What a terminal shows of a text that has something invisible.
struct Shown {
    text: String,
    /// For each byte, the character of the whole text that it belongs to.
    places: Vec<Range<usize>>,
    /// Where an escape sequence starts that goes on behind the text.
    unfinished: Option<usize>,
    /// Escape sequences, in order.
    sequences: Vec<Range<usize>>,
}

impl Shown {
    fn of(Visible { characters, unfinished, sequences }: Visible) -> Self {
        let (mut text, mut places) = (String::with_capacity(characters.len()), Vec::with_capacity(characters.len()));
        for (place, character) in characters {
            text.push(character);
            places.resize(text.len(), place..place + character.len_utf8());
        }
        Self { text, places, unfinished, sequences }
    }

    /// A part of the shown text as a part of the whole text.
    fn in_whole(&self, span: &Range<usize>) -> Option<Range<usize>> {
        Some(self.places.get(span.start)?.start..self.places.get(span.end.checked_sub(1)?)?.end)
    }
}

impl<'a> Occurrences<'a> {
    pub(super) fn of(text: &'a str, search: &'a SecretSearch) -> Self {
        let shown = if search.is_empty() { None } else { visible(text).map(Shown::of) };
        Self { text, search, shown }
    }

    /// Where secrets are, in order, without overlaps, and in whole characters.
    pub(super) fn spans(&self) -> Vec<Range<usize>> {
        let mut spans = spans_of(self.text, self.search);
        if let Some(shown) = &self.shown {
            spans.extend(spans_of(&shown.text, self.search).iter().filter_map(|span| shown.in_whole(span)));
        }
        for span in &mut spans {
            span.start = self.text.floor_char_boundary(span.start);
            span.end = self.text.ceil_char_boundary(span.end);
        }
        merged(spans)
    }

    /// Where the last visible character ends.
    pub(super) fn visible_end(&self) -> usize {
        match &self.shown {
            Some(shown) => shown.places.last().map_or(0, |place| place.end),
            None => self.text.len(),
        }
    }

    /// The start of the part at the end that may be the beginning of a secret, or is that of an escape sequence.
    pub(super) fn open_end(&self) -> Option<usize> {
        let in_whole = self.search.open_end(self.text.as_bytes()).map(|place| self.text.floor_char_boundary(place));
        let Some(shown) = &self.shown else { return in_whole };
        let in_shown = |end: usize| {
            let place = self.search.open_end(shown.text.get(..end)?.as_bytes())?;
            Some(shown.places.get(place)?.start)
        };
        // What is behind the start of an unfinished sequence may turn out to be a part of it.
        let settled = shown.unfinished.map(|start| shown.places.partition_point(|place| place.start < start));
        let in_shown = [Some(shown.text.len()), settled].into_iter().flatten().filter_map(in_shown);
        let first = in_whole.into_iter().chain(in_shown).chain(shown.unfinished).min()?;
        // What follows would be read differently without the beginning of the sequence.
        let within = |sequence: &&Range<usize>| sequence.start < first && first < sequence.end;
        Some(shown.sequences.iter().rev().find(within).map_or(first, |sequence| sequence.start))
    }
}

fn spans_of(text: &str, search: &SecretSearch) -> Vec<Range<usize>> {
    let mut spans = search.spans(text.as_bytes());
    spans.extend(cut_ends(text, search));
    spans
}

/// Beginnings of secrets before the sign that a text was cut. Shorter ones say too little.
fn cut_ends<'a>(text: &'a str, search: &'a SecretSearch) -> impl Iterator<Item = Range<usize>> + 'a {
    let cuts = text.match_indices(CUT).take(if search.is_empty() { 0 } else { MAX_CUTS });
    cuts.filter_map(|(place, _)| {
        let first = place.saturating_sub(CUT_WINDOW);
        let start = first + search.open_end(&text.as_bytes()[first..place])?;
        (place - start >= SHORTEST_SECRET).then_some(start..place)
    })
}
