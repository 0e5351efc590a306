use serde_json::json;

use super::*;
use crate::report::json::{run_json, v1};
use crate::report::sample;

fn html(report: &crate::domain::report::RunReport) -> String {
    report_html(&run_json(report)).unwrap()
}

#[test]
fn every_sample_is_rendered() {
    for report in sample::all() {
        let page = html(&report);
        assert!(page.contains("</html>"));
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
    }
}

#[test]
fn nothing_hostile_becomes_markup() {
    let page = html(&sample::hostile());
    assert_eq!(page.matches("<script").count(), 1, "a script");
    assert!(!page.contains("javascript:alert(1)\""), "an address");
    assert!(!page.contains('\u{1b}'));
    assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
}

/// The sources that the page loads by itself: images, audio and the like.
fn sources(page: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for attribute in [" src=\"", " srcset=\"", " poster=\"", " data=\"", " background=\""] {
        found.extend(page.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()));
    }
    found
}

#[test]
fn the_page_loads_nothing() {
    for report in sample::all() {
        let page = html(&report);
        let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(policy.starts_with("default-src 'none'; img-src data:; media-src data:; style-src 'sha256-"), "{policy}");
        assert!(policy.ends_with("base-uri 'none'; form-action 'none'"), "{policy}");
        assert!(!policy.contains("http") && !policy.contains("unsafe"), "{policy}");
        assert!(sources(&page).iter().all(|source| source.starts_with("data:image/") || source.starts_with("data:audio/")));
        for reach in ["<link", "@import", "url(", "<iframe", "<form", "<object", "<embed", " style=\"", " onclick"] {
            assert!(!page.contains(reach), "{reach}");
        }
    }
}

#[test]
fn the_only_script_is_ours() {
    let page = html(&sample::media());
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains(&format!("<script>{SCRIPT}</script>")));
}

#[test]
fn images_are_side_by_side() {
    let page = html(&sample::media());
    let figures: Vec<&str> = page.split("<figcaption>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(
        figures,
        [
            "Live version",
            "Staged version",
            "Where they differ",
            "Expected",
            "Output",
            "Where it differs from the expected file",
            "Live version",
            "Staged version"
        ]
    );
    assert_eq!(sources(&page).len(), 8);
    assert!(page.contains("<a href=\"https://replicate.delivery/x/new.png\" rel=\"noreferrer noopener\""), "{page}");
    assert!(
        page.contains(
            "<th scope=\"row\">mean color distance</th><td class=\"number\" data-label=\"Value\">41.5</td><td data-label=\"Limit\">at most 8 <code class=\"quiet\">compare.mean_color_distance</code></td><td class=\"bad\" data-label=\"Within limit\">"
        )
    );
    assert!(page.contains("<input type=\"range\""));
}

#[test]
fn cases_worth_seeing_are_expanded() {
    let mut run = run_json(&sample::media());
    run.verdict = crate::domain::verdict::Verdict::Passed;
    let case = v1::Case { status: crate::domain::report::CaseStatus::Passed, ..run.models[0].cases[1].clone() };
    run.models[0].cases = vec![case; 9];
    let opened = |run: &Run| {
        let page = report_html(run).unwrap();
        page.split("<details class=\"case ").skip(1).filter(|case| case.split('>').next().unwrap().ends_with(" open")).count()
    };
    assert_eq!(opened(&run), 6);
    run.models[0].cases.iter_mut().for_each(|case| (case.files, case.live_files) = (Vec::new(), Vec::new()));
    assert_eq!(opened(&run), 0);
}

#[test]
fn without_listed_files_the_urls_in_outputs_are_shown() {
    let mut run = run_json(&sample::failed_case());
    let case = &mut run.models[0].cases[2];
    case.output = Some(json!(["https://replicate.delivery/x/out.png"]));
    case.live.as_mut().unwrap().output = Some(json!("data:image/png;base64,AAAA"));
    let mut old = serde_json::to_value(&run).unwrap();
    for name in ["files", "live_files", "comparisons"] {
        for case in old["models"][0]["cases"].as_array_mut().unwrap() {
            case.as_object_mut().unwrap().remove(name);
        }
    }
    let page = report_html(&crate::report::json::from_json(&old.to_string()).unwrap()).unwrap();
    assert!(page.contains("<a href=\"https://replicate.delivery/x/out.png\""), "{page}");
    assert_eq!(sources(&page), ["data:image/png;base64,AAAA"]);
}

#[test]
fn other_urls_are_text() {
    for address in [
        "javascript:alert(1)//x.png",
        "data:text/html,<b>x</b>",
        "data:text/html;base64,AAAA",
        "data:image/svg+xml;base64,AAAA",
        "data:image/png;base64,AAAA\" onerror=\"alert(1)",
        "data:image/png,AAAA",
        "ftp://x/y.png",
        "https://x/ y.png",
    ] {
        let mut run = run_json(&sample::media());
        for case in &mut run.models[0].cases {
            case.output = Some(json!(address));
            for file in case.files.iter_mut().chain(&mut case.live_files) {
                (file.url, file.preview) = (address.to_owned(), Some(address.to_owned()));
            }
            for comparison in &mut case.comparisons {
                (comparison.heat_map, comparison.expected) = (Some(address.to_owned()), Some(address.to_owned()));
            }
            case.url = Some(address.to_owned());
            case.live = None;
        }
        let page = report_html(&run).unwrap();
        assert_eq!(sources(&page), Vec::<&str>::new(), "{address}");
        assert!(page.split(" href=\"").skip(1).all(|link| link.starts_with('#')), "{address}");
    }
}

#[test]
fn a_long_output_is_cut_and_says_so() {
    let mut run = run_json(&sample::failed_case());
    for case in &mut run.models[0].cases {
        case.output = Some(json!("y".repeat(10_000_000)));
    }
    let page = report_html(&run).unwrap();
    assert!(page.len() < 1_000_000, "{}", page.len());
    assert!(page.contains("… (cut: 10.0 MB in total)"));
}

#[test]
fn a_page_of_many_texts_stays_small() {
    let mut run = run_json(&sample::failed_case());
    let case = run.models[0].cases[1].clone();
    run.models[0].cases = vec![v1::Case { output: Some(json!("y".repeat(70_000))), logs: "z".repeat(70_000), ..case }; 400];
    let page = report_html(&run).unwrap();
    assert!(page.len() < PAGE_BYTES, "{}", page.len());
    assert_eq!(page.matches("<details class=\"case ").count(), 400);
}

#[test]
fn breaking_changes_are_a_table() {
    let page = html(&sample::stopped_by_finding());
    let row = page.split("<tbody>").nth(1).unwrap().split("</tr>").next().unwrap();
    for cell in ["<code>input buildings</code>", "<code>integer, 1 to 60</code>", "<code>absent</code>", "callers that send it"] {
        assert!(row.contains(cell), "{cell} in {row}");
    }
    assert!(page.contains("href=\"#hotdog/sp101\"") && page.contains("id=\"hotdog/sp101\""), "{page}");
}

#[test]
fn the_line_of_a_finding_is_marked() {
    let mut run = run_json(&sample::stopped_by_finding());
    let marked = |run: &Run| {
        let page = report_html(run).unwrap();
        page.split("<pre class=\"excerpt\">").nth(1).unwrap().split("</pre>").next().unwrap().to_owned()
    };
    let finding = &mut run.models[0].findings[0];
    finding.excerpt = Some("        büilding: <int> = 3".to_owned());
    assert_eq!(marked(&run), "<span class=\"number\">22</span><mark>büilding</mark>: &#60;int&#62; = 3");
    run.models[0].findings[0].column = Some(9000);
    assert!(marked(&run).ends_with("= 3<mark></mark>"));
}

#[test]
fn fuzz_inputs_are_a_table_with_their_seed() {
    let page = html(&sample::failed_case());
    assert!(page.contains("<code>4711</code>"), "{page}");
    assert!(page.contains("<td data-label=\"Minimal failing input\"><code>{&#34;text&#34;:&#34;&#34;}</code></td>"), "{page}");
}

#[test]
fn both_outputs_of_a_flaky_case_are_shown() {
    let mut run = run_json(&sample::failed_case());
    let case = &mut run.models[0].cases[2];
    let mut first = case.attempts[0].clone();
    (first.output, first.reason) = (Some(json!("hullo")), Some("expected hello".to_owned()));
    case.attempts.insert(0, first);
    let page = report_html(&run).unwrap();
    let tries = page.split("<ol class=\"attempts\">").nth(1).unwrap().split("</ol>").next().unwrap();
    assert!(tries.contains("<pre tabindex=\"0\">hullo</pre>") && tries.contains("<pre tabindex=\"0\">hello</pre>"), "{tries}");
}

#[test]
fn a_command_that_reproduces_a_failure_can_be_copied() {
    let mut run = run_json(&sample::failed_case());
    run.models[0].cases[3].reproduction = Some("curl -sS 'https://x'".to_owned());
    assert!(
        report_html(&run)
            .unwrap()
            .contains("<h4>Reproduce it</h4><pre class=\"copied\" tabindex=\"0\">curl -sS &#39;https://x&#39;</pre>")
    );
}

#[test]
fn a_differing_text_is_shown_line_by_line() {
    let page = html(&sample::failed_case());
    assert!(
        page.contains("<span class=\"remove\">- hello</span>") && page.contains("<span class=\"add\">+ howdy</span>"),
        "{page}"
    );
}

#[test]
fn run_times_have_as_many_digits_as_matter() {
    let mut run = run_json(&sample::failed_case());
    let metrics = json!({"predict_time": 0.148568804, "tokens": 12});
    run.models[0].cases[0].metrics = metrics.as_object().unwrap().clone();
    assert!(report_html(&run).unwrap().contains("predict time 0.1486 s · tokens 12"));
}

#[test]
fn failed_models_come_first_and_passed_ones_are_folded() {
    let page = html(&sample::two_models());
    let models: Vec<&str> = page.split("<details class=\"model\" ").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    assert_eq!(models.len(), 2);
    assert!(models[0].ends_with(" open") && !models[1].ends_with(" open"), "{models:?}");
    let title = page.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    assert!(title.starts_with("failed: ") && title.ends_with(" · safe-push") && !title.contains(','), "{title}");
    let only = html(&sample::passed());
    assert!(only.contains("<title>passed: hotdog · safe-push</title>"), "{only}");
    assert!(only.split("<details class=\"model\" ").nth(1).unwrap().split('>').next().unwrap().ends_with(" open"));
}

#[test]
fn failed_cases_come_first_and_equal_failures_are_one_line() {
    let mut run = run_json(&sample::failed_case());
    let failed = run.models[0].cases.iter().find(|case| case.status.as_str() == "failed").unwrap().clone();
    let passed = v1::Case { status: crate::domain::report::CaseStatus::Passed, id: "good".to_owned(), ..failed.clone() };
    let again =
        (0..20).map(|number| v1::Case { id: format!("bad {number}"), reason: Some("one reason".to_owned()), ..failed.clone() });
    run.models[0].cases = std::iter::once(passed).chain(again).collect();
    run.models[0].findings.clear();
    let page = report_html(&run).unwrap();
    let callout = page.split("<div class=\"callout\">").find(|part| part.contains("Failures")).unwrap();
    let listed = callout.split("</ul>").next().unwrap();
    assert_eq!(listed.matches("<li>").count(), 1, "{listed}");
    assert!(listed.contains("<a href=\"#hotdog/bad-0\">bad 0</a>") && listed.contains("and 12 more: one reason"), "{listed}");
    let ids: Vec<&str> = page.split("<details class=\"case ").skip(1).map(|rest| rest.split('"').nth(2).unwrap()).collect();
    assert_eq!((ids[0], ids[20]), ("hotdog/bad-0", "hotdog/good"));
}

#[test]
fn equal_lines_far_from_a_difference_are_left_out() {
    let mut run = run_json(&sample::failed_case());
    let case = &mut run.models[0].cases[2];
    let text = |changed: &str| -> String {
        (0..60).map(|number| if number == 30 { format!("{changed}\n") } else { format!("line {number}\n") }).collect()
    };
    case.output = Some(json!(text("new")));
    case.live.as_mut().unwrap().output = Some(json!(text("old")));
    case.checker = "none".to_owned();
    let page = report_html(&run).unwrap();
    let shown = page.split("<pre class=\"diff\"").find(|part| part.contains("- old")).unwrap().split("</pre>").next().unwrap();
    assert!(shown.contains("… 27 lines the same") && shown.contains("… 26 lines the same"), "{shown}");
    assert_eq!(shown.matches("  line ").count(), 6, "{shown}");
}

#[test]
fn the_head_says_where_the_run_comes_from_and_how_to_take_it_back() {
    let mut run = run_json(&sample::passed());
    run.origin = Some(v1::Origin {
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        commit_url: Some("https://github.com/acme/models/commit/0123".to_owned()),
        branch: Some("<b>main".to_owned()),
        pull_request: Some(7),
        pull_request_url: Some("javascript:alert(1)".to_owned()),
        ..v1::Origin::default()
    });
    let page = report_html(&run).unwrap();
    assert!(page.contains(
        "<a href=\"https://github.com/acme/models/commit/0123\" rel=\"noreferrer noopener\" target=\"_blank\">012345678</a>"
    ));
    assert!(
        page.contains("<code>&#60;b&#62;main</code>") && page.contains("<code>#7</code>") && !page.contains("href=\"javascript")
    );
    assert!(page.contains("roll back with <code class=\"copied\">safe-push rollback acme/hotdog --to ccc"));
}
