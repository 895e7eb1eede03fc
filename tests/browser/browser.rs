//! A browser with a session of its own, in three kinds, and what tests do with it in all of them.

use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use lookalike_tests::Scratch;
use serde_json::{Map, Value, json};

/// How long anything may take that a page does: a machine with two busy cores is no phone, but not faster either.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Where Debian has the browser that `WebKitWebDriver` drives.
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/// Tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// The engines of nearly all visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Chromium,
    Firefox,
    WebKit,
}

/// What a test wants otherwise than a visitor has it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Of the window, wide and high; Firefox and WebKit keep their own size unless it is given.
    pub size: Option<(u32, u32)>,
    /// Nothing of a page's script runs. The test's own still does.
    pub without_javascript: bool,
    /// The file of its profile to which Chromium writes every request; no other browser has such a log.
    pub network_log: Option<&'static str>,
}

/// A browser with one window. It ends when this is dropped.
pub struct Browser {
    client: Client,
    _driver: Running,
    _screen: Option<Running>,
    profile: Scratch,
}

/// Runs `test` in a browser of its own.
pub fn with_browser<F>(
    kind: Kind,
    name: &str,
    options: Options,
    test: impl FnOnce(std::sync::Arc<Browser>) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    in_turn(async {
        let browser = std::sync::Arc::new(Browser::start(kind, name, options).await?);
        let outcome = test(browser.clone()).await;
        browser.close().await?;
        outcome
    })
}

/// Runs one test at a time: what is timed should not share the processor.
pub fn in_turn(test: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?.block_on(test)
}

impl Kind {
    /// The driver's program, which `make` finds and names in the environment.
    fn driver(self) -> String {
        let (variable, name) = match self {
            Kind::Chromium => ("CHROMEDRIVER", "chromedriver"),
            Kind::Firefox => ("GECKODRIVER", "geckodriver"),
            Kind::WebKit => ("WEBKIT_DRIVER", "WebKitWebDriver"),
        };
        std::env::var(variable).unwrap_or_else(|_| name.to_owned())
    }
}

impl Browser {
    /// Starts a driver, a browser and a session.
    pub async fn start(kind: Kind, name: &str, options: Options) -> anyhow::Result<Browser> {
        let profile = Scratch::new(&format!("{kind:?}-{name}"))?;
        let program = kind.driver();
        let mut driver = Command::new(&program);
        driver.stdout(Stdio::null()).stderr(Stdio::null());
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        driver.arg(format!("--port={port}"));
        let mut screen = None;
        match kind {
            Kind::Chromium => {}
            // Its second port would be the same for all.
            Kind::Firefox => drop(driver.args(["--websocket-port", "0"])),
            Kind::WebKit => {
                let (display, server) = Running::screen()?;
                driver.env("DISPLAY", display);
                // WebKit's own sandbox wants what a container does not have.
                driver.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
                screen = Some(server);
            }
        }
        let driver = driver
            .spawn()
            .with_context(|| format!("starting {program}; `make setup-test` finds or installs it"))?;
        let driver = Running(driver);
        let client = connect(port, capabilities(kind, profile.path(), &options)?).await?;
        if let (Some((width, height)), true) = (options.size, kind != Kind::Chromium) {
            client.set_window_size(width, height).await?;
        }
        Ok(Browser { client, _driver: driver, _screen: screen, profile })
    }

    /// Ends the session.
    pub async fn close(&self) -> anyhow::Result<()> {
        self.client.clone().close().await.context("closing the browser")
    }

    /// The WebDriver session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A file of the browser's own folder.
    pub fn profile(&self, file: &str) -> std::path::PathBuf {
        self.profile.join(file)
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

    /// Presses and lets go a key, wherever the focus is.
    pub async fn press(&self, key: Key) -> anyhow::Result<()> {
        let value = char::from(key);
        let keys = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value })
            .then(KeyAction::Up { value });
        Ok(self.client.perform_actions(keys).await?)
    }

    /// The browser's back button.
    pub async fn back(&self) -> anyhow::Result<()> {
        Ok(self.client.back().await?)
    }
}

fn capabilities(kind: Kind, profile: &Path, options: &Options) -> anyhow::Result<Map<String, Value>> {
    let own = match kind {
        Kind::Chromium => ("goog:chromeOptions", chromium_options(profile, options)),
        Kind::Firefox => {
            let mut own = json!({ "args": ["-headless"], "prefs": {
                "javascript.enabled": !options.without_javascript,
                "app.update.auto": false,
                "datareporting.policy.dataSubmissionEnabled": false,
            } });
            if let Ok(binary) = std::env::var("FIREFOX") {
                own["binary"] = binary.into();
            }
            ("moz:firefoxOptions", own)
        }
        Kind::WebKit => {
            let binary = std::env::var("WEBKIT_BROWSER").unwrap_or_else(|_| MINI_BROWSER.to_owned());
            let script = format!("--enable-javascript={}", !options.without_javascript);
            ("webkitgtk:browserOptions", json!({ "binary": binary, "args": ["--automation", script] }))
        }
    };
    let mut all = json!({ "timeouts": { "script": 60_000 } });
    if kind == Kind::Chromium {
        all["goog:loggingPrefs"] = json!({ "browser": "ALL" });
    }
    all[own.0] = own.1;
    let Value::Object(all) = all else { bail!("capabilities are an object") };
    Ok(all)
}

fn chromium_options(profile: &Path, options: &Options) -> Value {
    let (width, height) = options.size.unwrap_or((1000, 800));
    let mut arguments =
        vec![format!("--window-size={width},{height}"), format!("--user-data-dir={}", profile.display())];
    for plain in [
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
    ] {
        arguments.push(format!("--{plain}"));
    }
    if let Some(log) = options.network_log {
        arguments.push(format!("--log-net-log={}", profile.join(log).display()));
    }
    let mut own = json!({ "args": arguments });
    if options.without_javascript {
        // 2 blocks, as the site settings do.
        own["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    if let Ok(binary) = std::env::var("CHROMIUM") {
        own["binary"] = binary.into();
    }
    if width < 500 {
        // Chromium's window is never this narrow; its emulation of a phone is.
        own["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 2.0 } });
    }
    own
}

async fn connect(port: u16, capabilities: Map<String, Value>) -> anyhow::Result<Client> {
    let begun = Instant::now();
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities);
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        ensure!(begun.elapsed() < PATIENCE, "the driver does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    builder.connect(&format!("http://127.0.0.1:{port}")).await.context("starting the browser")
}

/// A program that ends with this.
struct Running(Child);

impl Running {
    /// A screen that nobody sees, for the browser that has no headless mode, and its name.
    fn screen() -> anyhow::Result<(String, Running)> {
        let program = std::env::var("XVFB").unwrap_or_else(|_| "Xvfb".to_owned());
        let mut server = Command::new(&program);
        server.args(["-displayfd", "1", "-screen", "0", "1280x1000x24", "-nolisten", "tcp"]);
        let mut server = server
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {program}; `make setup-test` finds or installs it"))?;
        let said = server.stdout.take().context("its output is piped")?;
        let server = Running(server);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut line)?;
        let number: u32 = line.trim().parse().with_context(|| format!("{program} names its screen"))?;
        Ok((format!(":{number}"), server))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
