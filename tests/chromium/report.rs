//! `report.html` in a browser: it shows its content, requests nothing, and what a model wrote stays text.
//!
//! `REPORT_SCREENSHOTS=/tmp/shots cargo test --test chromium` saves screenshots of the pages.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use insta::assert_snapshot;
use serde_json::{Value, json};
use test_support::Repository;
use test_support::browser::{Browser, DESKTOP, PAPER, PHONE, PageActivity};
use test_support::page_lint::page_faults;
use test_support::saved_run::{everything, failing_run};

use crate::run::replaced;

/// The report of a run, made by the program from `run.json` alone.
fn report_of(repository: &Repository, run: &Value) -> PathBuf {
    repository.write("run.json", &run.to_string());
    let seen = repository.run("report run.json --out shown");
    assert_eq!(seen.code, Some(0), "{seen:?}");
    repository.path().join("shown/report.html")
}

/// Somebody whom no page may ask.
struct Outside {
    was_asked: Arc<AtomicBool>,
    url: String,
}

impl Outside {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let was_asked = Arc::new(AtomicBool::new(false));
        let asked = was_asked.clone();
        // No request gets an answer, and none is kept waiting.
        std::thread::spawn(move || listener.incoming().for_each(|_hung_up| asked.store(true, Ordering::SeqCst)));
        Self { was_asked, url }
    }

    fn was_asked(&self) -> bool {
        self.was_asked.swap(false, Ordering::SeqCst)
    }
}

/// What a model may write to make a page do something. Each that succeeded would leave another title, ask outside, or change the page.
fn attacks(outside: &str) -> Vec<String> {
    let deed = format!("document.title='owned';new Image().src='{outside}/beacon'");
    vec![
        format!("<script>{deed}</script>"),
        format!("</script><script>{deed}</script>"),
        format!("</style><style>*{{background:url({outside}/css)}}</style>"),
        format!("</style><img src=x onerror=\"{deed}\">"),
        format!("<img src='{outside}/img'>"),
        format!("\" autofocus onfocus=\"{deed}\" x=\""),
        format!("' onmouseover='{deed}' style='background:url({outside}/style)"),
        format!("javascript:{deed}"),
        format!("JaVaScRiPt:{deed}//.png"),
        format!("data:text/html,<script>{deed}</script>"),
        "data:text/html;base64,PHNjcmlwdD5kb2N1bWVudC50aXRsZT0nb3duZWQnPC9zY3JpcHQ+".to_owned(),
        format!("data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload=\"{deed}\"/>"),
        format!("data:image/png;base64,AAAA\" onerror=\"{deed}"),
        format!("<svg/onload=\"{deed}\"><animate onbegin=\"{deed}\">"),
        format!("<iframe srcdoc=\"<script>parent.{deed}</script>\"></iframe>"),
        format!("<base href='{outside}/'><link rel=stylesheet href='{outside}/x.css'>"),
        format!("<meta http-equiv=refresh content='0;url={outside}/refresh'>"),
        format!("<form action='{outside}/form'><button autofocus formaction='javascript:{deed}'>"),
        format!("<object data='{outside}/object'></object><embed src='{outside}/embed'>"),
        format!("<video poster='{outside}/poster' src='{outside}/video' autoplay>"),
        format!("{outside}/out.png"),
        format!("}}*{{display:none}}body{{background:url({outside}/body)}}@import '{outside}/import';"),
        "</details></section></main></body></html><h1>passed</h1>".to_owned(),
        "--><!-- ]]> <![CDATA[ &lt;script&gt; &#60;script&#62; {{ 7 * 7 }} {% raw %} ${7*7}".to_owned(),
        "abc\u{202e}gnp.exe\u{2066}\u{200f}\u{feff}\u{0}\u{1b}[2J\u{1b}]8;;x\u{7}".to_owned(),
    ]
}

/// Everything about a page that a hostile text could have changed.
fn assert_untouched(browser: &mut Browser, outside: &Outside, what: &str) {
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true); window.scrollTo(0, 1e9)");
    // What an autofocus or a pointer above an element would set off.
    browser.evaluate(
        "document.querySelectorAll('*').forEach(e => { e.dispatchEvent(new Event('mouseover')); e.dispatchEvent(new Event('focus')) })",
    );
    assert_eq!(browser.deeds(), PageActivity::default(), "{what}");
    let title = browser.evaluate("document.title");
    assert!(title.as_str().unwrap().starts_with("service error: "), "{title} with {what}");
    assert!(!outside.was_asked(), "{what}");
    let elements = browser.elements();
    for name in ["iframe", "object", "embed", "base", "link", "form", "video", "animate"] {
        assert!(!elements.contains_key(name), "{name} in a page with {what}");
    }
    let foreign = browser.evaluate(
        "[...document.querySelectorAll('button:not(.copy)')].filter(e => !e.closest('.tools')).concat(
         [...document.querySelectorAll('svg:not(.times, .trend), input:not(#_filter, .edge input, .modes input)')]).map(e => e.outerHTML)",
    );
    assert_eq!(foreign, json!([]), "{what}");
    assert_eq!((elements["h1"], elements["style"], elements["body"], elements["script"]), (1, 1, 1, 1), "{what}");
    let attributes = browser.evaluate(
        "[...document.querySelectorAll('*')].flatMap(e => [...e.attributes])
         .filter(a => a.name.startsWith('on') || a.name == 'style' && !/^--at: \\d+%;?$/.test(a.value)).map(a => a.name + '=' + a.value)",
    );
    assert_eq!(attributes, json!([]), "{what}");
    let addresses = browser.evaluate(
        "[...document.querySelectorAll('[href]')].map(e => e.getAttribute('href')).filter(h => !/^(#|https?:\\/\\/)/.test(h)).concat(
         [...document.querySelectorAll('[src]')].map(e => e.getAttribute('src')).filter(s => !/^data:(image|audio)\\//.test(s)))",
    );
    assert_eq!(addresses, json!([]), "{what}");
    let invisible =
        browser.evaluate("/[\\u202a-\\u202e\\u2066-\\u2069\\u200e\\u200f\\u0000\\u001b]/.test(document.body.textContent)");
    assert_eq!(invisible, json!(false), "{what}");
    assert_eq!(browser.evaluate("getComputedStyle(document.querySelector('main')).display"), "block", "{what}");
}

#[test]
fn what_a_page_must_not_do_is_noticed() {
    let Some(mut browser) = Browser::start() else { return };
    let (repository, outside) = (Repository::new(), Outside::new());
    let page = format!("<title>a</title><script>console.error('x')</script><img src='{}/img'>", outside.url);
    repository.write("page.html", &page);
    browser.open(&repository.path().join("page.html"), DESKTOP);
    let deeds = browser.deeds();
    assert_eq!(deeds.requests, [format!("{}/img", outside.url)]);
    assert!(!deeds.console.is_empty() && outside.was_asked());
    // A policy that is broken is said on the console as well.
    let policy = "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'\">";
    repository.write("page.html", &format!("{policy}{page}"));
    browser.open(&repository.path().join("page.html"), DESKTOP);
    let deeds = browser.deeds();
    assert!(deeds.console.iter().any(|line| line.contains("Content Security Policy")), "{deeds:?}");
    assert!(!outside.was_asked());
}

#[test]
fn a_report_shows_what_it_holds_and_asks_nobody() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let page = report_of(&repository, &everything());
    for (window, name) in
        [(DESKTOP, "desktop-light"), (DESKTOP.dark(), "desktop-dark"), (PHONE, "phone-light"), (PHONE.dark(), "phone-dark")]
    {
        browser.open(&page, window);
        assert_eq!(browser.wider(), Vec::<String>::new(), "{name} is wider than its window");
        browser.screenshot(name);
        browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
        browser.settle();
        assert_eq!(browser.wider(), Vec::<String>::new(), "{name}: opened, it is wider than its window");
        browser.screenshot(&format!("{name}-open"));
        let pictures = "[...document.images].map(i => i.loading = 'eager').length && Promise.all([...document.images].map(i => i.decode()))\
                        .then(() => [...document.images].every(i => i.naturalWidth > 0) && document.images.length)";
        // Live, staged and heat map; both again, one over the other; the one of a made input.
        assert_eq!(browser.evaluate(pictures), 6, "{name}");
        let sounds = "Promise.all([...document.querySelectorAll('audio')].map(a => new Promise((done, fail) => {\
                      a.onloadedmetadata = () => done(a.duration); a.onerror = () => fail(a.error.message); a.preload = 'auto'; a.load() })))";
        assert_eq!(browser.evaluate(sounds), json!([0.5, 0.5]), "{name}");
        assert_eq!(browser.deeds(), PageActivity::default(), "{name}");
    }
}

#[test]
fn the_slider_works_by_keyboard_and_the_page_without_it() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let page = report_of(&repository, &everything());
    browser.open(&page, DESKTOP);
    let edge = "document.querySelector('.overlay-stage').style.getPropertyValue('--at')";
    assert_eq!(browser.evaluate("document.querySelector('.overlay').hidden"), false);
    assert_eq!(browser.evaluate(edge), "50%");
    browser.evaluate("document.querySelector('.overlay .edge input').focus()");
    browser.press("ArrowRight", 39);
    browser.press("ArrowRight", 39);
    assert_eq!(browser.evaluate(edge), "52%");
    browser.press("Home", 36);
    assert_eq!(browser.evaluate(edge), "0%");
    assert_eq!(browser.evaluate("getComputedStyle(document.activeElement).outlineStyle"), "solid", "the focus can be seen");
    assert_eq!(browser.deeds(), PageActivity::default());

    let text = repository.read("shown/report.html");
    let (before, rest) = text.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    repository.write("shown/without.html", &format!("{before}{after}"));
    browser.open(&repository.path().join("shown/without.html"), DESKTOP);
    assert_eq!(browser.evaluate("document.querySelector('.overlay').checkVisibility()"), false);
    assert_eq!(browser.evaluate("document.querySelectorAll('.figures:first-of-type img').length > 2"), true);
}

#[test]
fn everybody_can_read_it() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let mut empty = failing_run();
    (empty["models"], empty["verdict"], empty["origin"]) = (json!([]), json!("passed"), Value::Null);
    let mut crowded = everything();
    let cases = crowded["models"][0]["cases"].as_array().unwrap().clone();
    crowded["models"][0]["cases"] = cases.iter().cycle().take(500).cloned().collect();
    // Names and texts in several scripts, with signs that turn the direction of a text.
    let mut foreign = failing_run();
    let texts = ["夜の港 🌉", "ميناء \u{202e}ليلي", "Ünïcödé naïve — “quotes”", "e\u{301}\u{301}\u{301}", "<b>&amp;</b>"];
    let mut turn = texts.iter().cycle();
    replaced(&mut foreign, &mut || (*turn.next().unwrap()).to_owned());
    for run in [everything(), failing_run(), empty, crowded, foreign] {
        let page = report_of(&repository, &run);
        assert_eq!(page_faults(&mut browser, &page), Vec::<String>::new());
    }
}

#[test]
fn the_failing_run_as_it_is_read_without_scripts_and_on_paper() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let page = report_of(&repository, &failing_run());
    let windows =
        [(DESKTOP, "failing-desktop"), (DESKTOP.dark(), "failing-dark"), (PHONE, "failing-phone"), (PAPER, "failing-paper")];
    for (window, name) in windows {
        browser.open(&page, window);
        browser.screenshot(name);
        assert_eq!(browser.wider(), Vec::<String>::new(), "{name}");
    }
    let text = repository.read("shown/report.html");
    let (before, rest) = text.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    repository.write("shown/without.html", &format!("{before}{after}"));
    browser.open(&repository.path().join("shown/without.html"), DESKTOP);
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
    assert_snapshot!(browser.evaluate("document.body.innerText").as_str().unwrap());
}

#[test]
fn images_can_be_compared_in_several_ways_and_enlarged() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    browser.open(&report_of(&repository, &everything()), DESKTOP);
    let choose = |mode: &str| {
        format!(
            "(() => {{ document.querySelector('.modes input[aria-label={mode}]').click();
             const stage = document.querySelector('.overlay-stage');
             return [getComputedStyle(stage.querySelector('.above')).mixBlendMode, getComputedStyle(stage.querySelector('.above')).animationName,
                     document.querySelector('.edge').hidden] }})()"
        )
    };
    assert_eq!(browser.evaluate(&choose("Difference")), json!(["difference", "none", true]));
    assert_eq!(browser.evaluate(&choose("Blink")), json!(["normal", "blink", true]));
    assert_eq!(browser.evaluate(&choose("Slider")), json!(["normal", "none", false]));
    let width = "document.querySelector('figure.live img').getBoundingClientRect().width";
    let before = browser.evaluate(width).as_f64().unwrap();
    browser.evaluate("document.querySelector('figure.live img').focus()");
    browser.press("Enter", 13);
    let after = browser.evaluate(width).as_f64().unwrap();
    assert!(after > before * 1.5, "{before} -> {after}");
    browser.press("Enter", 13);
    assert_eq!(browser.evaluate(width).as_f64(), Some(before));
    assert_eq!(browser.deeds(), PageActivity::default());
}

#[test]
fn a_sound_has_a_waveform() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    browser.open(&report_of(&repository, &everything()), DESKTOP);
    browser.evaluate(
        "document.querySelectorAll('details').forEach(d => d.open = true); document.querySelector('audio').scrollIntoView()",
    );
    let drawn = "new Promise(done => { const look = () => { const wave = document.querySelector('canvas.wave');
                 if (!wave) return setTimeout(look, 50);
                 const pixels = wave.getContext('2d').getImageData(0, 0, wave.width, wave.height).data;
                 done([wave.ariaLabel, pixels.some(value => value > 0)]) }; look() })";
    let drawn = browser.evaluate(drawn);
    assert_eq!(drawn, json!(["Waveform, 0.50 s, 1 channel(s)", true]));
}

#[test]
fn the_filter_shows_what_is_asked_for_and_the_address_keeps_it() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let page = report_of(&repository, &everything());
    browser.open(&page, DESKTOP);
    let filtered = |query: &str| {
        format!(
            "(() => {{ const field = document.getElementById('_filter'); field.value = {}; field.dispatchEvent(new Event('input'));
             const shown = [...document.querySelectorAll('.case, .findings li')].filter(e => !e.hidden && !e.closest('.model').hidden);
             return [shown.length, [...new Set(shown.filter(e => e.matches('.case')).map(e => e.classList[1]))].sort(), location.hash] }})()",
            json!(query)
        )
    };
    let all = browser.evaluate("document.querySelectorAll('.case, .findings li').length");
    assert_eq!(browser.evaluate(&filtered(""))[0], all);
    let failed = browser.evaluate(&filtered("s:failed"));
    assert!(failed[1].as_array().unwrap().iter().all(|status| status == "failed" || status == "errored"), "{failed}");
    assert_eq!(failed[2], "#?q=s%3Afailed");
    let others = browser.evaluate(&filtered("!s:failed"));
    assert_eq!(failed[0].as_u64().unwrap() + others[0].as_u64().unwrap(), all.as_u64().unwrap());
    assert_eq!(browser.evaluate(&filtered("\"no such words\""))[0], 0);
    let either = browser.evaluate(&filtered("s:failed s:flaky"));
    assert_eq!(either[1], json!(["failed", "flaky"]), "of several statuses one is enough");
    // The counts of statuses are links to the filter.
    browser.evaluate("document.querySelector('.statuses a[href=\"#?q=s:flaky\"]').click()");
    browser.settle();
    assert_eq!(browser.evaluate("document.getElementById('_filter').value"), "s:flaky");
    assert_eq!(browser.evaluate("document.querySelector('.statuses [aria-current]').textContent"), "1 flaky");
    // The address is all that somebody else needs.
    browser.evaluate("location.hash = '#?q=k%3Afuzz'");
    browser.settle();
    assert_eq!(browser.evaluate("document.getElementById('_filter').value"), "k:fuzz");
    let kinds = "[...document.querySelectorAll('.case')].filter(e => !e.hidden).every(e => e.dataset.kind.includes('fuzz'))";
    assert_eq!(browser.evaluate(kinds), true);
    assert_eq!(browser.deeds(), PageActivity::default());
}

#[test]
fn a_failure_is_copied_as_text() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    browser.open(&report_of(&repository, &failing_run()), DESKTOP);
    let copied = |case: &str| {
        format!(
            "(() => {{ Object.defineProperty(navigator, 'clipboard', {{ configurable: true, value: {{ writeText: text => {{ window.copied = text }} }} }});
             document.getElementById({}).querySelector('.case-body > button.copy').click(); return window.copied }})()",
            json!(case)
        )
    };
    let texts = ["skyline/fuzz-1", "skyline/the-labels", "skyline/compare-1", "skyline/case-2"];
    let texts = texts.map(|case| browser.evaluate(&copied(case)).as_str().unwrap().to_owned());
    assert_snapshot!(texts.join("\n=====\n"));
    assert_eq!(browser.deeds(), PageActivity::default());
}

#[test]
fn failures_are_reached_by_keyboard_and_by_their_names() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let page = report_of(&repository, &everything());
    browser.open(&page, DESKTOP);
    browser.evaluate("document.getElementById('_collapse').click()");
    assert_eq!(browser.evaluate("document.querySelectorAll('.model[open], .case[open]').length"), 0);
    let at = "(() => { const item = document.activeElement.closest('.case, .findings li'); return item && item.id })()";
    browser.press("n", 78);
    let first = browser.evaluate(at);
    assert!(first.as_str().is_some_and(|id| !id.is_empty()), "{first}");
    browser.press("n", 78);
    let second = browser.evaluate(at);
    assert_ne!(first, second);
    browser.press("p", 80);
    assert_eq!(browser.evaluate(at), first);
    browser.evaluate("document.getElementById('_collapse').click()");
    let link = "(() => { location.hash = '#' + document.querySelector('.case').id; return document.querySelector('.case').id })()";
    browser.evaluate(link);
    browser.settle();
    assert_eq!(
        browser.evaluate("document.querySelector('.case').open && document.querySelector('.case').closest('.model').open"),
        true
    );
    assert_eq!(browser.deeds(), PageActivity::default());
}

#[test]
fn ten_models_are_one_small_page() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    // Ten models of which each has what the most complete one has.
    let mut run = failing_run();
    let model = run["models"][0].clone();
    run["models"] = (0..10)
        .map(|number| {
            let mut model = model.clone();
            model["name"] = json!(format!("model-{number}"));
            model
        })
        .collect();
    let page = report_of(&repository, &run);
    let size = std::fs::metadata(&page).unwrap().len();
    assert!(size < 5_000_000, "{size}");
    browser.open(&page, DESKTOP);
    browser.screenshot("ten-models");
    let links = browser.evaluate("document.querySelectorAll('nav[aria-label=Models] a').length");
    assert_eq!(links, 10);
    // The best of three, because other programs may be busy.
    let loaded =
        "(() => { const [page] = performance.getEntriesByType('navigation'); return page.loadEventEnd - page.startTime })()";
    let times = [(); 3].map(|()| {
        browser.open(&page, DESKTOP);
        browser.evaluate(loaded).as_f64().unwrap()
    });
    let best = times.into_iter().fold(f64::INFINITY, f64::min);
    println!("{size} bytes, loaded in {times:.0?} ms");
    assert!(best > 0.0);
}

#[test]
fn a_trend_over_several_runs_is_a_table_that_everybody_can_read() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let mut older = everything();
    older["started_at"] = json!("2025-01-02T03:04:05Z");
    older["models"][0]["cases"][0]["status"] = json!("passed");
    repository.write("old.json", &older.to_string());
    repository.write("new.json", &everything().to_string());
    for request in ["report old.json new.json --out shown", "report new.json --against old.json --out shown"] {
        let seen = repository.run(request);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert!(seen.stdout.contains("trend    2 runs"), "{}", seen.stdout);
        for window in [DESKTOP, PHONE.dark()] {
            browser.open(&repository.path().join("shown/report.html"), window);
            browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)");
            assert_eq!(browser.wider(), Vec::<String>::new());
            assert!(browser.evaluate("document.body.textContent.includes('failed now, passed before')").as_bool().unwrap());
        }
        browser.screenshot("trend");
        assert_eq!(browser.deeds(), PageActivity::default());
        assert_eq!(page_faults(&mut browser, &repository.path().join("shown/report.html")), Vec::<String>::new());
    }
}

#[test]
fn text_of_a_model_stays_text_wherever_it_is_shown() {
    let Some(mut browser) = Browser::start() else { return };
    let (repository, outside) = (Repository::new(), Outside::new());
    let attacks = attacks(&outside.url);
    // Every text of the run is one attack, then the next; finally, each text is a different one.
    for (number, attack) in attacks.iter().enumerate() {
        let mut run = everything();
        replaced(&mut run, &mut || attack.clone());
        browser.open(&report_of(&repository, &run), if number.is_multiple_of(2) { DESKTOP } else { PHONE });
        assert_untouched(&mut browser, &outside, attack);
    }
    let mut run = everything();
    let mut turn = attacks.iter().cycle();
    replaced(&mut run, &mut || turn.next().unwrap().clone());
    browser.open(&report_of(&repository, &run), PHONE);
    browser.screenshot("hostile");
    assert_untouched(&mut browser, &outside, "all attacks");
    assert_eq!(browser.wider(), Vec::<String>::new());
}

#[test]
fn ten_megabytes_of_output_do_not_make_a_page_of_ten_megabytes() {
    let Some(mut browser) = Browser::start() else { return };
    let (repository, outside) = (Repository::new(), Outside::new());
    let mut run = everything();
    for text in ["x".repeat(10_000_000), "<script>document.title='owned'</script>\n".repeat(250_000)] {
        for member in ["output", "logs", "expected"] {
            run["models"][0]["cases"][2][member] = json!(text);
        }
        let page = report_of(&repository, &run);
        let size = std::fs::metadata(&page).unwrap().len();
        assert!(size < 4_000_000, "{size}");
        browser.open(&page, PHONE);
        assert_eq!(browser.wider(), Vec::<String>::new());
        assert_untouched(&mut browser, &outside, "10 MB");
        let words =
            browser.evaluate("document.body.textContent.match(/cut: 10\\.. MB in total|cut: 9\\.. MB in total/g).length >= 3");
        assert_eq!(words, true);
    }
}

#[test]
fn the_runs_of_several_jobs_become_one_page() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let mut other = everything();
    other["verdict"] = json!("passed");
    let passed = other["models"][1].clone();
    other["models"] = json!([passed]);
    repository.write("first/run.json", &everything().to_string());
    repository.write("second/run.json", &other.to_string());
    let seen = repository.run("report second/run.json first/run.json --out shown");
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let run: Value = serde_json::from_str(&repository.read("shown/run.json")).unwrap();
    let names: Vec<&str> = run["models"].as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    assert_eq!((names, &run["verdict"]), (vec!["hotdog", "skyline", "hotdog", "hotdog-large"], &json!("service_error")));
    let case = |run: &Value, model: usize| run["models"][model]["cases"][0].clone();
    assert_eq!(case(&run, 1), case(&everything(), 0), "what the job saw is all there");
    browser.open(&repository.path().join("shown/report.html"), DESKTOP);
    assert_eq!(browser.evaluate("document.querySelectorAll('nav[aria-label=Models] a').length"), 4);
    assert_eq!(browser.deeds(), PageActivity::default());
}

#[test]
fn a_run_of_an_earlier_version_is_shown_again() {
    let Some(mut browser) = Browser::start() else { return };
    let repository = Repository::new();
    let mut run = everything();
    for model in run["models"].as_array_mut().unwrap() {
        for case in model["cases"].as_array_mut().unwrap() {
            case.as_object_mut().unwrap().retain(|name, _| !["files", "live_files", "comparisons"].contains(&name.as_str()));
        }
        for finding in model["findings"].as_array_mut().unwrap() {
            finding.as_object_mut().unwrap().remove("excerpt");
        }
    }
    browser.open(&report_of(&repository, &run), DESKTOP);
    assert_eq!(browser.deeds(), PageActivity::default());
    let link = "[...document.querySelectorAll('a')].some(a => a.href == 'https://replicate.delivery/xezq/new.wav')";
    assert_eq!(browser.evaluate(link), true);
    assert_eq!(browser.evaluate("document.images.length"), 0);
}
