//! What Chromium alone tells and does: its console, its own network log, and the DevTools protocol.

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context, anyhow, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::{Value, json};

use crate::browser::{Browser, Kind, Options, PATIENCE, in_turn};

/// Where the browser keeps its network log, in its profile.
const NETWORK_LOG: &str = "network.json";

/// A [`Browser`] of this kind.
pub struct Chromium {
    browser: Browser,
    marks: AtomicUsize,
}

/// A command that is chromedriver's alone: a path below the session, and what is posted there.
#[derive(Debug)]
struct Own(&'static str, Value);

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.0))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

/// Runs `test` in a Chromium of its own, its window `size` wide and high.
pub fn with_chromium<F>(
    name: &str,
    size: (u32, u32),
    test: impl FnOnce(Arc<Chromium>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    in_turn(async {
        let chromium = Arc::new(Chromium::start(name, size).await?);
        let outcome = test(chromium.clone()).await;
        chromium.close().await?;
        outcome
    })
}

impl Deref for Chromium {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Chromium {
    async fn start(name: &str, size: (u32, u32)) -> anyhow::Result<Chromium> {
        let options = Options { size: Some(size), network_log: Some(NETWORK_LOG), ..Options::default() };
        let browser = Browser::start(Kind::Chromium, name, options).await?;
        Ok(Chromium { browser, marks: AtomicUsize::new(0) })
    }

    /// What the console holds since it was last read: uncaught errors, failed requests, policy violations.
    pub async fn console(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.own("se/log", json!({ "type": "browser" })).await?;
        let entries = entries.as_array().cloned().ok_or_else(|| anyhow!("the console is no list"))?;
        Ok(entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Fails unless nothing was written to the console, but that the shop has no product of the id that tests open it with.
    pub async fn assert_quiet(&self) -> anyhow::Result<()> {
        let mut console = self.console().await?;
        console.retain(|line| !line.contains("item/unknown"));
        ensure!(console.is_empty(), "the console says {console:#?}");
        Ok(())
    }

    /// Fails unless exactly one line was written to the console that has `word` in it, and otherwise nothing.
    pub async fn assert_told(&self, word: &str) -> anyhow::Result<()> {
        let begun = Instant::now();
        let mut told = Vec::new();
        while told.is_empty() && begun.elapsed() < PATIENCE {
            told = self.console().await?;
            told.retain(|line| !line.contains("item/unknown"));
        }
        ensure!(told.len() == 1 && told[0].contains(word), "the console says {told:#?}, and not once {word}");
        Ok(())
    }

    /// A command of the DevTools protocol to the page.
    pub async fn devtools(&self, command: &str, parameters: Value) -> anyhow::Result<Value> {
        self.own("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// Every request of pages and their workers since this was last asked, from the browser's own network log, which
    /// also holds what a worker fetches (WebDriver's does not): `url`, `method` and, if there was a body, `upload_id`.
    pub async fn requests(&self) -> anyhow::Result<Vec<Value>> {
        // The log is written a few events at a time: a request of ours pushes out those before it.
        let mark = format!("mark={}", self.marks.fetch_add(1, Ordering::Relaxed));
        let begun = Instant::now();
        loop {
            let knock = "await (await fetch(`/shop/icon.svg?${a}`, { cache: 'no-store' })).text();";
            self.eval(knock, json!(mark)).await?;
            let log = std::fs::read_to_string(self.profile(NETWORK_LOG))?;
            let all: Vec<Value> = log.lines().filter_map(request_of).collect();
            let marked =
                |mark: &str, request: &Value| request["url"].as_str().is_some_and(|url| url.contains(mark));
            if let Some(end) = all.iter().position(|request| marked(&mark, request)) {
                let start = all[..end].iter().rposition(|request| marked("/shop/icon.svg?mark=", request));
                return Ok(all[start.map_or(0, |start| start + 1)..end].to_vec());
            }
            ensure!(begun.elapsed() < PATIENCE, "the network log does not grow");
        }
    }

    async fn own(&self, path: &'static str, body: Value) -> anyhow::Result<Value> {
        self.client().issue_cmd(Own(path, body)).await.with_context(|| format!("chromedriver's {path}"))
    }
}

/// The request that a line of the network log begins, if it does and a page or a worker is the cause.
fn request_of(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line.trim_end().trim_end_matches(',')).ok()?;
    let request = &event["params"];
    let ours = request["initiator"].as_str()?.starts_with("http") && request["method"].is_string();
    (ours && request["url"].is_string() && request["load_flags"].is_number()).then(|| request.clone())
}
