//! A headless Chromium for tests: pages are opened, looked into and operated over its debugging protocol.
//!
//! The protocol goes over two pipes, which a shell puts where Chromium expects them, so that neither a port nor a WebSocket is needed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long the browser may take to answer. The machine may be busy with builds.
const PATIENCE: Duration = Duration::from_secs(120);

/// A browser with one page.
pub struct Browser {
    child: Child,
    commands: Option<ChildStdin>,
    messages: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    events: Vec<Value>,
    width: u32,
    _profile: TempDir,
}

/// What a page did while it was open.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PageActivity {
    /// What it said on the console, violations of its policy included.
    pub console: Vec<String>,
    /// What it asked for beside itself and `data:` addresses.
    pub requests: Vec<String>,
    /// Dialogs it opened.
    pub dialogs: Vec<String>,
}

/// A window.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub width: u32,
    pub height: u32,
    pub is_dark: bool,
    /// Whether it is the sheet of a printer.
    pub is_paper: bool,
}

pub const DESKTOP: Window = Window { width: 1280, height: 900, is_dark: false, is_paper: false };
pub const PHONE: Window = Window { width: 390, height: 844, is_dark: false, is_paper: false };

/// A sheet of A4.
pub const PAPER: Window = Window { width: 794, height: 1123, is_dark: false, is_paper: true };

impl Window {
    pub fn dark(self) -> Self {
        Self { is_dark: true, ..self }
    }
}

fn program() -> Option<String> {
    let is_there = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| is_there(name)).map(str::to_owned)
}

impl Browser {
    /// A browser, or `None` if none is installed: then the test is skipped, but fails in CI.
    #[expect(
        clippy::disallowed_methods,
        clippy::print_stderr,
        reason = "tests read the environment of their run and say what they skip"
    )]
    pub fn start() -> Option<Self> {
        let required = std::env::var("CI").is_ok_and(|value| value == "true");
        let Some(program) = program() else {
            assert!(!required, "CI needs Chromium: apt-get install chromium");
            eprintln!("skipped without Chromium: apt-get install chromium");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // Commands come in on file descriptor 3, answers and events go out on 4.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1", "sh", &program])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-extensions", "--disable-sync"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let commands = child.stdin.take();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in output.split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else { continue };
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        let mut browser =
            Self { child, commands, messages, session: None, sent: 0, events: Vec::new(), width: 0, _profile: profile };
        let target = browser.send("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        let session = browser.send("Target.attachToTarget", json!({"targetId": target, "flatten": true}));
        browser.session = Some(session["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.send(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    fn send(&mut self, method: &str, parameters: Value) -> Value {
        self.sent += 1;
        let id = self.sent;
        let mut command = json!({"id": id, "method": method});
        command["params"] = parameters;
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let pipe = self.commands.as_mut().unwrap();
        pipe.write_all(format!("{command}\0").as_bytes()).unwrap();
        pipe.flush().unwrap();
        let answer = self.wait_for(|message| message["id"] == json!(id));
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// The first message that fits; events before it are kept.
    fn wait_for(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left);
            assert!(message.is_ok(), "Chromium did not answer in time");
            let message = message.unwrap();
            if fits(&message) {
                return message;
            }
            self.events.push(message);
        }
    }

    /// Opens a file and waits until all it needs is there.
    pub fn open(&mut self, page: &Path, window: Window) {
        let Window { width, height, is_dark, is_paper } = window;
        let is_phone = width < 600;
        self.width = width;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_phone});
        self.send("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = if is_dark { "dark" } else { "light" };
        let features =
            json!({"media": if is_paper { "print" } else { "" }, "features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.send("Emulation.setEmulatedMedia", features);
        self.events.clear();
        self.send("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        if !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let loaded = self.wait_for(|message| message["method"] == "Page.loadEventFired");
            self.events.push(loaded);
        }
        // What a page does a moment later is its deed too.
        self.settle();
    }

    /// What is wider than the window. A phone widens its viewport to what a page needs, so the page cannot be asked for it.
    pub fn wider(&mut self) -> Vec<String> {
        let width = self.width;
        let wide = format!(
            "(() => {{ const wide = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > {width} + 1 &&
             !e.closest('pre') && getComputedStyle(e).position != 'absolute').map(e => e.outerHTML.slice(0, 200));
             const page = document.documentElement.scrollWidth;
             return page > {width} ? wide.concat('the page: ' + page) : wide }})()"
        );
        serde_json::from_value(self.evaluate(&wide)).unwrap()
    }

    /// Two frames, and everything that waits in the page's queue.
    pub fn settle(&mut self) {
        let frames =
            "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(1), 150))))";
        self.evaluate(frames);
    }

    /// The value of an expression in the page.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.send("Runtime.evaluate", parameters);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key where the focus is.
    pub fn press(&mut self, key: &str, code: u32) {
        self.press_quickly(key, code);
        self.settle();
    }

    /// Presses a key without waiting for what the page does.
    pub fn press_quickly(&mut self, key: &str, code: u32) {
        for kind in ["keyDown", "keyUp"] {
            self.send("Input.dispatchKeyEvent", json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}));
        }
    }

    /// What the page did since it was opened.
    pub fn deeds(&mut self) -> PageActivity {
        self.settle();
        let mut deeds = PageActivity::default();
        for event in &self.events {
            let parameters = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" => deeds.console.push(parameters.to_string()),
                "Log.entryAdded" => deeds.console.push(parameters["entry"]["text"].to_string()),
                "Page.javascriptDialogOpening" => deeds.dialogs.push(parameters["message"].to_string()),
                "Network.requestWillBeSent" => {
                    let url = parameters["request"]["url"].as_str().unwrap();
                    if !url.starts_with("data:") && parameters["type"] != "Document" {
                        deeds.requests.push(url.to_owned());
                    }
                }
                // Another page came in its place.
                "Page.frameNavigated" => {
                    let url = parameters["frame"]["url"].as_str().unwrap();
                    if !url.starts_with("file://") {
                        deeds.requests.push(url.to_owned());
                    }
                }
                _ => {}
            }
        }
        deeds
    }

    /// The whole page as a picture, for people: `REPORT_SCREENSHOTS` names a folder for them.
    #[expect(clippy::disallowed_methods, reason = "tests read the environment of their run")]
    pub fn screenshot(&mut self, name: &str) {
        use base64::Engine as _;
        let Ok(folder) = std::env::var("REPORT_SCREENSHOTS") else { return };
        let picture = self.send("Page.captureScreenshot", json!({"format": "png", "captureBeyondViewport": true}));
        let bytes = base64::engine::general_purpose::STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).unwrap();
    }

    /// How many elements of each kind the page has.
    pub fn elements(&mut self) -> BTreeMap<String, u64> {
        let counts = self.evaluate(
            "[...document.querySelectorAll('*')].reduce((all, e) => (all[e.localName] = (all[e.localName] || 0) + 1, all), {})",
        );
        serde_json::from_value(counts).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A closed pipe ends the browser; it and its children are gone when its process is.
        drop(self.commands.take());
        let until = Instant::now() + Duration::from_secs(5);
        while Instant::now() < until {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ended_meanwhile = self.child.kill();
        let _status = self.child.wait();
    }
}
