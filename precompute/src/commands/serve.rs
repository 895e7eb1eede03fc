//! `precompute serve`: the folder in the demo shop, on this machine alone and for trying out.
//!
//! `/` is the shop, `/lookalike/` the folder, `/photos/` the original photos. Everything goes out under the strictest
//! content security policy that the widget promises to work under. Only requests that name this machine are answered: a
//! page of another site that has its own name lead here (DNS rebinding) reads nothing.

use std::fs;
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, server};
use hyper_util::rt::{TokioIo, TokioTimer};
use lookalike::digest::Digest;
use tokio::net::TcpListener;

use crate::args::ServeArguments;
use crate::folder_reader::Folder;
use crate::widget;

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
                      img-src 'self' blob:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// How long a connection may take to say what it wants, and may be kept without wanting anything.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long is waited for a connection to close where no more can be open.
const PAUSE: Duration = Duration::from_millis(50);

/// Copies of a file beside it that are smaller on the way: the coding's name, and the ending. The first is preferred.
const PRECOMPRESSED: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// Serves until the process ends.
///
/// # Errors
/// If the folder cannot be read or the port cannot be had.
pub fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let places = Places { folder: arguments.dir.clone(), photos: arguments.photos.clone() };
    allow_many_connections();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting threads")?.block_on(serve(
        arguments.port,
        folder.manifest.items,
        Arc::new(places),
    ))
}

async fn serve(port: u16, products: u32, places: Arc<Places>) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.with_context(|| format!("port {port} of the loopback address cannot be had"))?;
    println!("{products} products in the shop at http://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    eprintln!(
        "note: this server is for trying out, on this machine alone; shoppers are served by a static host"
    );
    loop {
        // There may be as many connections as there can be; one that closes makes room.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let places = places.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(places.clone(), request));
            let mut http = server::conn::http1::Builder::new();
            http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
            // A browser that hangs up in the middle of an answer is no failure of the server's.
            http.serve_connection(TokioIo::new(stream), answer).await.ok();
        });
    }
}

/// As many open files as the system lets this process have: each connection is one.
#[cfg(unix)]
fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // With fewer, connections wait.
    setrlimit(Resource::Nofile, limit).ok();
}

#[cfg(not(unix))]
fn allow_many_connections() {}

struct Places {
    folder: PathBuf,
    photos: Option<PathBuf>,
}

/// What is sent, before it is known whether the browser has it already.
struct Content {
    bytes: Bytes,
    /// The path's ending says it.
    kind: &'static str,
    /// What changes whenever the bytes do.
    tag: String,
    /// How the bytes are compressed, if they are.
    coding: Option<&'static str>,
}

async fn answer(
    places: Arc<Places>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    if !is_for_this_machine(&request) {
        return plain(
            StatusCode::MISDIRECTED_REQUEST,
            "this server is for trying out, on the machine it runs on: open it as localhost\n",
        );
    }
    let path = request.uri().path().to_owned();
    let accepted = codings(request.headers());
    // Files are read by threads that may wait.
    let found = tokio::task::spawn_blocking(move || places.find(&path, &accepted)).await;
    let Ok(Some(content)) = found else { return plain(StatusCode::NOT_FOUND, "not found\n") };
    let tag = format!("\"{}\"", content.tag);
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    let mut response = start(if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
        .header(header::ETAG, tag)
        .header(header::VARY, "accept-encoding");
    if known {
        return response.body(Full::default());
    }
    if let Some(coding) = content.coding {
        response = response.header(header::CONTENT_ENCODING, coding);
    }
    response.header(header::CONTENT_TYPE, content.kind).body(Full::new(content.bytes))
}

fn plain(status: StatusCode, text: &'static str) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    start(status).header(header::CONTENT_TYPE, "text/plain").body(Full::from(text))
}

/// What every answer has.
fn start(status: StatusCode) -> hyper::http::response::Builder {
    Response::builder()
        .status(status)
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::REFERRER_POLICY, "no-referrer")
        .header(HeaderName::from_static("cross-origin-resource-policy"), "same-origin")
        .header(header::CACHE_CONTROL, "no-cache")
}

/// Whether a request names this machine, on whatever port it came: one may be forwarded from another.
fn is_for_this_machine(request: &Request<Incoming>) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let in_address = request.uri().authority().map(|authority| authority.as_str());
    let named: Vec<&str> = host.into_iter().chain(in_address).collect();
    !named.is_empty() && named.into_iter().all(is_this_machine)
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Whether the list of tags in `value` has `tag` (RFC 9110, section 13.1.2).
fn names(value: &HeaderValue, tag: &str) -> bool {
    let Ok(list) = value.to_str() else { return false };
    list.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag)
}

/// The codings that a browser takes, of those of [`PRECOMPRESSED`].
fn codings(headers: &HeaderMap) -> Vec<(&'static str, &'static str)> {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<(&str, bool)> = lists
        .flat_map(|list| list.split(','))
        .map(|one| {
            let (name, quality) = one.split_once(';').unwrap_or((one, "q=1"));
            let refused = quality.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok()) == Some(0.0);
            (name.trim(), !refused)
        })
        .collect();
    let takes =
        |coding: &str| named.iter().any(|(name, wanted)| name.eq_ignore_ascii_case(coding) && *wanted);
    PRECOMPRESSED.into_iter().filter(|(coding, _)| takes(coding)).collect()
}

impl Places {
    fn find(&self, path: &str, accepted: &[(&'static str, &'static str)]) -> Option<Content> {
        let path = decoded(path)?;
        let name = path.trim_start_matches('/');
        let name = if name.is_empty() { "index.html" } else { name };
        if let Some(file) = widget::shop().iter().find(|file| file.path == name) {
            let (bytes, tag) = (Bytes::from_static(file.content), Digest::of(file.content).short());
            return Some(Content { bytes, kind: content_type(name), tag, coding: None });
        }
        let place = match name.split_once('/') {
            Some(("lookalike", rest)) => below(&self.folder, rest),
            Some(("photos", rest)) => self.photos.as_ref().and_then(|photos| below(photos, rest)),
            _ => None,
        };
        let place = place.filter(|place| place.is_file())?;
        let compressed = accepted.iter().find_map(|(coding, ending)| {
            let mut beside = place.clone().into_os_string();
            beside.push(format!(".{ending}"));
            Some((fs::read(beside).ok()?, *coding))
        });
        let (bytes, coding) = match compressed {
            Some((bytes, coding)) => (bytes, Some(coding)),
            None => (fs::read(&place).ok()?, None),
        };
        // Of the content: a time is the same for two builds within a second.
        let tag = Digest::of(&bytes).short();
        Some(Content { bytes: bytes.into(), kind: content_type(name), tag, coding })
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "wasm" => "application/wasm",
        "jpg" | "jpeg" | "JPG" | "JPEG" => "image/jpeg",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "bmp" => "image/bmp",
        "tif" | "tiff" => "image/tiff",
        _ => "application/octet-stream",
    }
}

/// `relative` below `root`; `None` if it would lead out of it.
fn below(root: &Path, relative: &str) -> Option<PathBuf> {
    let relative = Path::new(relative);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| root.join(relative))
}

/// Percent-decoded (RFC 3986, section 2.1); `None` unless the result is UTF-8 without control characters.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| (byte as char).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_do_not_lead_out_of_their_folder() {
        let root = Path::new("root");
        assert_eq!(below(root, "a/b.jpg"), Some(root.join("a/b.jpg")));
        for hostile in ["../secret", "a/../../secret", "/etc/passwd", "a//../..//b"] {
            assert_eq!(below(root, hostile), None, "{hostile}");
        }
        assert_eq!(decoded("/a%20b/%C3%BC.jpg").as_deref(), Some("/a b/ü.jpg"));
        for broken in ["/%", "/%2", "/%zz", "/%ff", "/a%00b"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn only_names_of_this_machine_are_its_own() {
        for own in ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:80", "[::1]"] {
            assert!(is_this_machine(own), "{own}");
        }
        for other in
            ["shop.example", "localhost.shop.example:80", "127.0.0.1.nip.io", "", ":80", "::1", "localhost:x"]
        {
            assert!(!is_this_machine(other), "{other}");
        }
    }
}
