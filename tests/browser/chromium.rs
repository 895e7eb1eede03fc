//! One headless Chromium with a session of its own, and the few things the tests do with it.

use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use lookalike_tests::Scratch;
use serde_json::{Value, json};

/// How long anything may take that a page does: a machine with two busy cores is no phone, but not faster either.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the browser keeps its network log, in its profile.
const NETWORK_LOG: &str = "network.json";

/// Tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A browser with one window.
pub struct Chromium {
    client: Client,
    driver: Child,
    profile: Scratch,
    marks: AtomicUsize,
}

/// A log of chromedriver's, read and emptied.
#[derive(Debug)]
struct ReadLog(&'static str);

impl WebDriverCompatibleCommand for ReadLog {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({ "type": self.0 }).to_string()))
    }
}

/// Runs `test` in a browser of its own, its window `size` wide and high.
pub fn with_chromium<F>(
    name: &str,
    size: (u32, u32),
    test: impl FnOnce(std::sync::Arc<Chromium>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(async {
        let chromium = std::sync::Arc::new(Chromium::start(name, size).await?);
        let outcome = test(chromium.clone()).await;
        chromium.client.clone().close().await.context("closing the browser")?;
        outcome
    })
}

impl Chromium {
    async fn start(name: &str, (width, height): (u32, u32)) -> anyhow::Result<Chromium> {
        let profile = Scratch::new(&format!("chromium-{name}"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let driver = Command::new(&program)
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {program}; `make setup-test` finds or installs it"))?;
        let mut options = json!({ "args": [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            format!("--window-size={width},{height}"),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--log-net-log={}", profile.join(NETWORK_LOG).display()),
        ] });
        if let Ok(binary) = std::env::var("CHROMIUM") {
            options["binary"] = binary.into();
        }
        if width < 500 {
            // Chromium's window is never this narrow; its emulation of a phone is.
            options["mobileEmulation"] =
                json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } });
        }
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 180_000 },
        });
        let Value::Object(capabilities) = capabilities else { bail!("capabilities are an object") };
        let mut driver = Started(Some(driver));
        let client = connect(port, capabilities).await?;
        let driver = driver.0.take().context("started above")?;
        Ok(Chromium { client, driver, profile, marks: AtomicUsize::new(0) })
    }

    /// Opens a page.
    pub async fn open(&self, address: &str) -> anyhow::Result<()> {
        self.client.goto(address).await.with_context(|| format!("opening {address}"))
    }

    /// Runs the body of an async function in the page, with `a` as its argument; what it throws is the error.
    pub async fn eval(&self, body: &str, argument: Value) -> anyhow::Result<Value> {
        let script = format!(
            "const [a, done] = arguments; (async () => {{ {body} }})().then((value) => done({{ value }}), \
             (error) => done({{ error: `${{error}} ${{error.code ?? ''}}` }}));"
        );
        let mut answer =
            self.client.execute_async(&script, vec![argument]).await.context("running a script")?;
        match answer.get("error").and_then(Value::as_str) {
            Some(error) => bail!("the page threw {error} in: {body}"),
            None => Ok(answer["value"].take()),
        }
    }

    /// Waits until `condition`, an expression, gives something that JavaScript takes for true, and gives it.
    pub async fn wait_for(&self, what: &str, condition: &str) -> anyhow::Result<Value> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let value = self.eval(&format!("return {condition};"), Value::Null).await?;
            let falsy =
                matches!(&value, Value::Null | Value::Bool(false)) || value == json!(0) || value == json!("");
            if !falsy {
                return Ok(value);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("waited {PATIENCE:?} for {what}: {condition}")
    }

    /// Gives a file to the file input `selector`, as the file dialogue would.
    pub async fn choose(&self, selector: &str, file: &Path) -> anyhow::Result<()> {
        let input =
            self.client.find(Locator::Css(selector)).await.with_context(|| format!("finding {selector}"))?;
        Ok(input.send_keys(&file.display().to_string()).await?)
    }

    /// The browser's back button.
    pub async fn back(&self) -> anyhow::Result<()> {
        Ok(self.client.back().await?)
    }

    /// What the console holds since it was last read: uncaught errors, failed requests, policy violations.
    pub async fn console(&self) -> anyhow::Result<Vec<String>> {
        let entries = self.log("browser").await?;
        Ok(entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect())
    }

    /// Fails unless nothing was written to the console.
    pub async fn assert_quiet(&self) -> anyhow::Result<()> {
        let console = self.console().await?;
        ensure!(console.is_empty(), "the console says {console:#?}");
        Ok(())
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
            let log = std::fs::read_to_string(self.profile.join(NETWORK_LOG))?;
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

    async fn log(&self, name: &'static str) -> anyhow::Result<Vec<Value>> {
        let entries =
            self.client.issue_cmd(ReadLog(name)).await.with_context(|| format!("reading the log {name}"))?;
        entries.as_array().cloned().ok_or_else(|| anyhow!("the log {name} is no list"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        end(&mut self.driver);
    }
}

/// The request that a line of the network log begins, if it does and a page or a worker is the cause.
fn request_of(line: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line.trim_end().trim_end_matches(',')).ok()?;
    let request = &event["params"];
    let ours = request["initiator"].as_str()?.starts_with("http") && request["method"].is_string();
    (ours && request["url"].is_string() && request["load_flags"].is_number()).then(|| request.clone())
}

/// Ends the driver when no session comes about.
struct Started(Option<Child>);

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(driver) = &mut self.0 {
            end(driver);
        }
    }
}

fn end(child: &mut Child) {
    child.kill().ok();
    child.wait().ok();
}

async fn connect(port: u16, capabilities: serde_json::Map<String, Value>) -> anyhow::Result<Client> {
    let begun = Instant::now();
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        ensure!(begun.elapsed() < PATIENCE, "chromedriver does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    builder.connect(&format!("http://127.0.0.1:{port}")).await.context("starting Chromium")
}
