//! Looks for faults of a page in a browser: what it loads or runs, what can be read, and how it is used by keyboard. In both themes.

use std::path::Path;

use serde_json::{Value, json};

use crate::browser::{Browser, DESKTOP, PageActivity};

/// What one page shows at a time.
const FAULTS: &str = include_str!("page_lint.js");

/// The elements that the tab key reaches, in the order of the document. Of radio buttons with one name it is the chosen one.
const STOPS: &str = "[...document.querySelectorAll(\"a[href], button, input, select, textarea, summary, audio[controls], \
                     video[controls], [tabindex='0']\")].filter(e => !e.disabled && e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true}) && \
                     (e.type != 'radio' || e.checked) && !(e.localName == 'summary' && e.parentElement.localName != 'details'))";

/// Stops that are visited. Longer pages repeat themselves.
const MOST_STOPS: usize = 400;

/// Every fault of the page in a file, a line each: a rule, what is wrong, and where.
pub fn page_faults(browser: &mut Browser, page: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for (window, theme) in [(DESKTOP, "light"), (DESKTOP.dark(), "dark")] {
        browser.open(page, window);
        faults.extend(deeds(browser.deeds()));
        browser.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true })");
        browser.settle();
        let found: Vec<String> = serde_json::from_value(browser.evaluate(FAULTS)).unwrap();
        faults.extend(found.into_iter().map(|fault| match fault.strip_prefix("contrast: ") {
            Some(rest) => format!("contrast: {theme}: {rest}"),
            None => fault,
        }));
        if theme == "light" {
            faults.extend(keyboard(browser));
        }
    }
    let mut unique: Vec<String> = Vec::new();
    for fault in faults {
        if !unique.contains(&fault) {
            unique.push(fault);
        }
    }
    unique
}

fn deeds(deeds: PageActivity) -> impl Iterator<Item = String> {
    let PageActivity { console, requests, dialogs } = deeds;
    let requests = requests.into_iter().map(|url| format!("requests: the page asks for {url}"));
    let console = console.into_iter().map(|line| format!("console: {line}"));
    requests.chain(console).chain(dialogs.into_iter().map(|text| format!("console: a dialog {text}")))
}

/// Walks through the page with the tab key. The order has to be the document's, and the focus has to be seen.
fn keyboard(browser: &mut Browser) -> Vec<String> {
    browser.evaluate(&format!("window.lintStops = {STOPS}; document.activeElement.blur(); window.scrollTo(0, 0)"));
    let expected = browser.evaluate("lintStops.length").as_u64().map_or(0, |length| usize::try_from(length).unwrap());
    let mut faults = Vec::new();
    let mut next = 0;
    // Players have several stops inside.
    for _press in 0..(expected * 8).min(MOST_STOPS * 8) {
        if next == expected.min(MOST_STOPS) {
            break;
        }
        browser.press_quickly("Tab", 9);
        let at = browser.evaluate(
            "(() => { const e = document.activeElement, s = getComputedStyle(e); \
             return [lintStops.indexOf(e), e.outerHTML.slice(0, 100), s.outlineStyle != 'none' && parseFloat(s.outlineWidth) > 0 || s.boxShadow != 'none'] })()",
        );
        let (index, shown) = (at[0].as_i64().and_then(|index| usize::try_from(index).ok()), at[1].as_str().unwrap_or_default());
        match index {
            Some(index) if index + 1 == next => continue,
            Some(index) if index == next => next += 1,
            _ => {
                faults.push(format!("keyboard: the tab key reaches {shown} where another element follows"));
                break;
            }
        }
        if at[2] != json!(true) {
            faults.push(format!("keyboard: the focus cannot be seen {shown}"));
        }
    }
    if faults.is_empty() && next < expected.min(MOST_STOPS) {
        let missing: Value = browser.evaluate(&format!("lintStops[{next}].outerHTML.slice(0, 100)"));
        faults.push(format!("keyboard: the tab key never reaches {}", missing.as_str().unwrap_or_default()));
    }
    faults
}
