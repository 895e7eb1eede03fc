//! A shop's host for one folder: serves one page under the policy of the test's choosing, remembers all that is asked of it,
//! and can be out of reach.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tiny_http::Server;

use crate::shop_server;

/// The strictest policy that the widget promises to work under, as issue and README word it, with Trusted Types.
pub const STRICT: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
                          style-src 'self'; img-src 'self' blob:; require-trusted-types-for 'script'; \
                          trusted-types lookalike";

/// Collects what goes wrong on a page unseen: `troubles`.
const WATCH: &str = "
window.troubles = [];
addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
  troubles.push(`violates ${violatedDirective}: ${blockedURI} ${sample}`));
addEventListener('error', ({ message }) => troubles.push(`error: ${message}`));
addEventListener('unhandledrejection', ({ reason }) => troubles.push(`unhandled: ${reason}`));
";

const ICON: &str =
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 1 1'><rect width='1' height='1'/></svg>";

/// As many at once as a browser asks of one host.
const THREADS: usize = 6;

/// How a site is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// What its paths begin with: `/`, or a longer path that ends with a slash.
    pub base: &'static str,
    /// The content security policy of every answer; none if empty.
    pub policy: &'static str,
    /// Whether other origins may read it (CORS).
    pub shared: bool,
}

/// What a host answers for a file that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// This status, and nothing.
    Status(u16),
    /// Its start page, as if that were the file.
    StartPage,
}

impl Default for Missing {
    fn default() -> Missing {
        Missing::Status(404)
    }
}

/// One request.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

/// It ends when this is dropped.
pub struct Site {
    /// `http://127.0.0.1:PORT` and [`Layout::base`].
    pub address: String,
    port: u16,
    place: Arc<Place>,
    running: Mutex<Option<Running>>,
}

struct Place {
    layout: Layout,
    folder: PathBuf,
    photos: PathBuf,
    pages: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<Asked>>,
    held: Mutex<Option<String>>,
    missing: Mutex<Missing>,
    gone: AtomicBool,
}

struct Running {
    server: Arc<Server>,
    threads: Vec<JoinHandle<()>>,
    door: Door,
}

/// What browsers connect to, and the server's own port behind it. Once it is shut, connections are refused and those there are
/// break: Chromium keeps spare ones, and what it asked over one of those of a server that has ended would wait for good.
struct Door {
    port: u16,
    open: Arc<Mutex<Option<Vec<Weak<TcpStream>>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    /// Serves the drawn shop, below [`Layout::base`]: the folder as `lookalike/`, its `photos/`, and `index.html`, a page that
    /// has the element's script and no element yet.
    pub fn start(layout: Layout) -> anyhow::Result<Site> {
        Site::of(layout, shop_server::folder()?)
    }

    /// The same with another folder.
    pub fn of(layout: Layout, folder: PathBuf) -> anyhow::Result<Site> {
        let place = Arc::new(Place {
            layout,
            folder,
            photos: shop_server::photos()?,
            pages: Mutex::default(),
            asked: Mutex::default(),
            held: Mutex::default(),
            missing: Mutex::default(),
            gone: AtomicBool::new(false),
        });
        let (running, port) = Running::start(&place, 0)?;
        let address = format!("http://127.0.0.1:{port}{}", layout.base);
        let site = Site { address, port, place, running: Mutex::new(Some(running)) };
        site.put(
            "index.html",
            &page("<script type=\"module\" src=\"lookalike/more-like-this.js\"></script>", ""),
        );
        site.put("watch.js", WATCH);
        site.put("icon.svg", ICON);
        Ok(site)
    }

    /// An address in it.
    pub fn page(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// The folder that it serves.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }

    /// Serves `text` as well, as `path`.
    pub fn put(&self, path: &str, text: &str) {
        locked(&self.place.pages).insert(path.to_owned(), text.to_owned());
    }

    /// All that was asked of it since this was last called, but for reports.
    pub fn asked(&self) -> Vec<Asked> {
        let mut asked = locked(&self.place.asked);
        let (reports, rest) = asked.drain(..).partition(|one| one.url.ends_with("violations"));
        *asked = reports;
        rest
    }

    /// What browsers report of the policy, pages and workers alike.
    pub fn violations(&self) -> Vec<String> {
        let asked = locked(&self.place.asked);
        asked.iter().filter(|one| one.url.ends_with("violations")).map(|one| one.body.clone()).collect()
    }

    /// Lets requests wait whose address has `word` in it, until this is called with another or none.
    pub fn hold(&self, word: Option<&str>) {
        *locked(&self.place.held) = word.map(str::to_owned);
    }

    /// How it answers from now on for what it does not have.
    pub fn answer_missing(&self, missing: Missing) {
        *locked(&self.place.missing) = missing;
    }

    /// Nobody answers any more.
    pub fn go_away(&self) {
        self.place.gone.store(true, Ordering::Relaxed);
        *locked(&self.running) = None;
    }

    /// Answers again, at the same address.
    pub fn come_back(&self) -> anyhow::Result<()> {
        let mut running = locked(&self.running);
        self.place.gone.store(false, Ordering::Relaxed);
        if running.is_none() {
            *running = Some(Running::start(&self.place, self.port)?.0);
        }
        Ok(())
    }
}

/// A page with `head` and `body` beside what all pages have.
pub fn page(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>A page</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"icon.svg\">\
         <script src=\"watch.js\"></script>{head}</head><body><main>{body}</main>\
         <input type=\"file\" id=\"file\" aria-label=\"A photo\"></body></html>"
    )
}

impl Drop for Site {
    fn drop(&mut self) {
        self.go_away();
    }
}

impl Running {
    fn start(place: &Arc<Place>, port: u16) -> anyhow::Result<(Running, u16)> {
        let server = Server::http(("127.0.0.1", 0)).map_err(|error| anyhow!("a free port: {error}"))?;
        let behind = server.server_addr().to_ip().context("the server has an address")?.port();
        let server = Arc::new(server);
        let door = Door::open(port, behind)?;
        let port = door.port;
        let threads = (0..THREADS).map(|_| {
            let (server, place) = (server.clone(), place.clone());
            std::thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A browser that hangs up in the middle of an answer is no failure of the server's.
                    place.answer(request).ok();
                }
            })
        });
        let threads = threads.collect();
        Ok((Running { server, threads, door }, port))
    }
}

impl Door {
    fn open(port: u16, behind: u16) -> anyhow::Result<Door> {
        let listener = TcpListener::bind(("127.0.0.1", port)).with_context(|| format!("port {port}"))?;
        let port = listener.local_addr()?.port();
        let open = Arc::new(Mutex::new(Some(Vec::new())));
        let streams = open.clone();
        let thread = std::thread::spawn(move || {
            while let Ok((browser, _)) = listener.accept() {
                let Some(streams) = &mut *locked(&streams) else { break };
                let Ok(server) = TcpStream::connect(("127.0.0.1", behind)) else { continue };
                let (browser, server) = (Arc::new(browser), Arc::new(server));
                streams.retain(|stream: &Weak<TcpStream>| stream.strong_count() > 0);
                streams.push(Arc::downgrade(&browser));
                for (from, to) in [(browser.clone(), server.clone()), (server, browser)] {
                    std::thread::spawn(move || {
                        // Either side may hang up at any time.
                        std::io::copy(&mut &*from, &mut &*to).ok();
                        to.shutdown(Shutdown::Write).ok();
                    });
                }
            }
        });
        Ok(Door { port, open, thread: Some(thread) })
    }

    fn shut(&mut self) {
        let streams = locked(&self.open).take().unwrap_or_default();
        // Whoever accepts is woken up, and sees that it is over.
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
        for stream in streams.iter().filter_map(Weak::upgrade) {
            // It may have ended by itself.
            stream.shutdown(Shutdown::Both).ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.door.shut();
        for _ in 0..THREADS {
            self.server.unblock();
        }
        for thread in self.threads.drain(..) {
            thread.join().ok();
        }
    }
}

impl Place {
    fn answer(&self, mut request: tiny_http::Request) -> std::io::Result<()> {
        let mut body = String::new();
        request.as_reader().read_to_string(&mut body)?;
        let header = |one: &tiny_http::Header| (one.field.to_string().to_lowercase(), one.value.to_string());
        locked(&self.asked).push(Asked {
            method: request.method().to_string(),
            url: request.url().to_owned(),
            headers: request.headers().iter().map(header).collect(),
            body,
        });
        while !self.gone.load(Ordering::Relaxed)
            && locked(&self.held).as_ref().is_some_and(|word| request.url().contains(word))
        {
            std::thread::sleep(Duration::from_millis(20));
        }
        let path = request.url().split('?').next().unwrap_or_default();
        let name = match path.strip_prefix(self.layout.base) {
            Some("") => "index.html".to_owned(),
            Some(name) => name.to_owned(),
            None => String::new(),
        };
        let (status, name, content) = match (self.content(&name), *locked(&self.missing)) {
            (Some(content), _) => (200, name, content),
            (None, Missing::Status(status)) => (status, name, Vec::new()),
            (None, Missing::StartPage) => {
                (200, "index.html".to_owned(), self.content("index.html").unwrap_or_default())
            }
        };
        let Layout { base, policy, shared } = self.layout;
        let content_type = content_type(&name);
        // As hosts do, for what a page waits for at first; photos are compressed already.
        let (coding, content) = match content_type {
            "application/octet-stream" | "image/jpeg" => ("", content),
            _ => ("content-encoding: gzip\r\n", gzip(&content)?),
        };
        let mut head = format!(
            "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-type: {}\r\ncontent-length: {}\r\n{coding}\
             x-content-type-options: nosniff\r\ncache-control: no-cache\r\n",
            content_type,
            content.len()
        );
        if !policy.is_empty() {
            head += &format!("content-security-policy: {policy}; report-uri {base}violations\r\n");
        }
        if shared {
            head += "access-control-allow-origin: *\r\n";
        }
        let mut writer = request.into_writer();
        write!(writer, "{head}\r\n")?;
        writer.write_all(&content)?;
        writer.flush()
    }

    fn content(&self, name: &str) -> Option<Vec<u8>> {
        if let Some(page) = locked(&self.pages).get(name) {
            return Some(page.clone().into_bytes());
        }
        // Only tests ask: nothing here guards against a path that leads out.
        let place = match name.split_once('/')? {
            ("lookalike", rest) => self.folder.join(rest),
            ("photos", rest) => self.photos.join(rest),
            _ => return None,
        };
        fs::read(place).ok()
    }
}

fn gzip(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content)?;
    encoder.finish()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "jpg" => "image/jpeg",
        "svg" => "image/svg+xml",
        // Wasm too: a host that does not know its type is no obstacle.
        _ => "application/octet-stream",
    }
}

fn locked<Value>(mutex: &Mutex<Value>) -> MutexGuard<'_, Value> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
