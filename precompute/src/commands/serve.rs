//! `precompute serve`: the folder in the demo shop, on this machine alone.
//!
//! `/` is the shop, `/lookalike/` the folder, `/photos/` the original photos. Everything goes out under the strictest
//! content security policy that the widget promises to work under.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context, anyhow};
use tiny_http::{Method, Request, Server};

use crate::args::ServeArguments;
use crate::folder_reader::Folder;
use crate::widget;

const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
                      img-src 'self' blob:; base-uri 'none'; object-src 'none'; frame-ancestors 'none'";

/// Requests answered at once: as many as a browser asks of one host.
const THREADS: usize = 6;

/// Serves until the process ends.
///
/// # Errors
/// When the folder cannot be read or the port cannot be had.
pub fn run(arguments: &ServeArguments) -> anyhow::Result<()> {
    let folder = Folder::open(&arguments.dir)?;
    let server = Server::http(("127.0.0.1", arguments.port))
        .map_err(|error| anyhow!("port {} of the loopback address cannot be had: {error}", arguments.port))?;
    let address = server.server_addr().to_ip().context("the server has an address")?;
    println!("{} products in the shop at http://{address}/", folder.manifest.items);
    io::stdout().flush()?;
    let server = Arc::new(server);
    let places = Arc::new(Places { folder: arguments.dir.clone(), photos: arguments.photos.clone() });
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (server, places) = (server.clone(), places.clone());
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    // A browser that hangs up in the middle of an answer is no failure of the server's.
                    places.answer(request).ok();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| anyhow!("a thread of the server died"))?;
    }
    Ok(())
}

struct Places {
    folder: PathBuf,
    photos: Option<PathBuf>,
}

impl Places {
    fn answer(&self, request: Request) -> io::Result<()> {
        if !matches!(request.method(), Method::Get | Method::Head) {
            return send(request, "405 Method Not Allowed", "text/plain", 8, &b"only GET"[..]);
        }
        let path = request.url().split(['?', '#']).next().unwrap_or_default().to_owned();
        let Some(path) = decoded(&path) else { return missing(request) };
        let name = path.trim_start_matches('/');
        let name = if name.is_empty() { "index.html" } else { name };
        if let Some(file) = widget::shop().iter().find(|file| file.path == name) {
            return send(request, "200 OK", content_type(name), file.content.len() as u64, file.content);
        }
        let place = match name.split_once('/') {
            Some(("lookalike", rest)) => below(&self.folder, rest),
            Some(("photos", rest)) => self.photos.as_ref().and_then(|photos| below(photos, rest)),
            _ => None,
        };
        let Some(place) = place.filter(|place| place.is_file()) else { return missing(request) };
        match File::open(&place).and_then(|file| Ok((file.metadata()?.len(), file))) {
            Ok((length, file)) => send(request, "200 OK", content_type(name), length, file),
            Err(_) => missing(request),
        }
    }
}

fn missing(request: Request) -> io::Result<()> {
    send(request, "404 Not Found", "text/plain", 10, &b"not found\n"[..])
}

/// Answers, and has the browser close the connection: tiny_http gives a thread to each for as long as it is open and, when
/// several come at once, lets some wait for a thread that may never be free. It writes no such header itself.
fn send(
    request: Request,
    status: &str,
    content_type: &str,
    length: u64,
    body: impl io::Read,
) -> io::Result<()> {
    let is_head = *request.method() == Method::Head;
    let mut writer = request.into_writer();
    write!(
        writer,
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         content-security-policy: {POLICY}\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\n\
         cache-control: no-cache\r\n\r\n"
    )?;
    if !is_head {
        io::copy(&mut body.take(length), &mut writer)?;
    }
    writer.flush()
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
}
