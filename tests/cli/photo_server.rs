//! A server of photos on this machine that misbehaves as real ones do, and remembers what was asked of it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use image::ImageFormat;
use lookalike_tests::picture;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// With the query.
    pub path: String,
    /// Whether it asked only for what changed.
    pub conditional: bool,
    /// The status of the answer.
    pub status: u16,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// Texts by path.
    texts: HashMap<String, String>,
    /// Photos that were changed, by path.
    versions: HashMap<String, u32>,
}

/// Serves until the tests end.
pub struct PhotoServer {
    /// Such as `http://127.0.0.1:40123`.
    pub base: String,
    state: Arc<Mutex<State>>,
}

impl PhotoServer {
    /// Starts one.
    pub fn start() -> anyhow::Result<PhotoServer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let base = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A client that goes away is what some tests are about.
                thread::spawn(move || answer(stream, &state).ok());
            }
        });
        Ok(PhotoServer { base, state })
    }

    /// Serves a text; `BASE` in it becomes the server's address.
    pub fn text(&self, path: &str, text: &str) {
        self.lock().texts.insert(path.to_owned(), text.replace("BASE", &self.base));
    }

    /// Has a photo be another from now on.
    pub fn change(&self, path: &str) {
        *self.lock().versions.entry(path.to_owned()).or_default() += 1;
    }

    /// What was asked since the last time.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.lock().asked)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn png(seed: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(seed, 48, 40).write_to(&mut bytes, ImageFormat::Png).expect("a PNG can be written to memory");
    bytes.into_inner()
}

/// The number in a path's file name.
fn seed(path: &str) -> u32 {
    let digits: String =
        path.split('?').next().unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

/// Paths begin with how they behave: `/busy/p01.png`.
fn answer(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut known) = (String::new(), String::new());
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("if-none-match")
        {
            known = value.trim().to_owned();
        }
    }
    let locked = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let (before, text, version) = {
        let state = locked();
        let before = state.asked.iter().filter(|asked| asked.path == path).count();
        (before, state.texts.get(&path).cloned(), state.versions.get(&path).copied().unwrap_or(0))
    };
    let mut write = |status: u16, headers: &str, body: &[u8]| {
        locked().asked.push(Asked { path: path.clone(), conditional: !known.is_empty(), status });
        write!(
            stream,
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n",
            body.len()
        )?;
        stream.write_all(body)
    };
    if let Some(text) = text {
        return write(200, "Content-Type: text/plain\r\n", text.as_bytes());
    }
    let (tag, photo) = (format!("\"{version}\""), png(seed(&path) + 1000 * version));
    let whole = format!("Content-Type: image/png\r\nETag: {tag}\r\n");
    match path.split('/').nth(1).unwrap_or_default() {
        _ if known == tag => write(304, &format!("ETag: {tag}\r\n"), b""),
        "slow" => {
            thread::sleep(Duration::from_millis(150));
            write(200, &whole, &photo)
        }
        "break" if before == 0 => {
            locked().asked.push(Asked { path, conditional: false, status: 200 });
            write!(stream, "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", photo.len())?;
            stream.write_all(&photo[..photo.len() / 2])
        }
        "busy" if before == 0 => write(429, "Retry-After: 1\r\n", b"slow down"),
        "gone" => write(404, "", b"<html>not found</html>"),
        "html" => write(200, "Content-Type: image/png\r\n", b"<!doctype html><html>welcome</html>"),
        "wrong-type" => write(200, "Content-Type: text/html\r\n", &photo),
        "loop" => write(302, &format!("Location: {path}\r\n"), b""),
        "elsewhere" => write(302, "Location: file:///etc/passwd\r\n", b""),
        "moved" => write(301, &format!("Location: {}\r\n", path.replace("moved", "ok")), b""),
        "silent" => {
            locked().asked.push(Asked { path, conditional: false, status: 0 });
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        "endless" => {
            locked().asked.push(Asked { path, conditional: false, status: 200 });
            write!(stream, "HTTP/1.1 200 X\r\nConnection: close\r\nContent-Type: image/png\r\n\r\n")?;
            loop {
                stream.write_all(&photo)?;
            }
        }
        _ => write(200, &whole, &photo),
    }
}
