//! `serve`: the shop on this machine, spoken to in plain HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use lookalike_tests::{arguments, fail, program};

use crate::shop::Shop;

/// A running server, ended when dropped.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(shop: &Shop) -> anyhow::Result<Serving> {
        let mut child = Command::new(program()?)
            .args(arguments!["serve", shop.out(), "--photos", shop.photos(), "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.trim_end_matches('/'));
        let address = address.and_then(|address| address.parse().ok());
        Ok(Serving { child, address: address.with_context(|| format!("an address in {line:?}"))? })
    }

    /// Sends a request as it is; returns the status, the head in lower case, and the body.
    fn send(&self, request: &str) -> anyhow::Result<(u16, String, Vec<u8>)> {
        let mut stream = TcpStream::connect_timeout(&self.address, Duration::from_secs(10))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|at| at == b"\r\n\r\n").context("a head")?;
        let head = String::from_utf8(answer[..end].to_vec())?.to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("a status")?;
        Ok((status, head, answer[end + 4..].to_vec()))
    }

    fn get(&self, path: &str) -> anyhow::Result<(u16, String, Vec<u8>)> {
        // By version 1.0 an answer is not cut into chunks and ends with the connection.
        self.send(&format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn the_shop_the_folder_and_the_photos_are_served_with_their_types() -> anyhow::Result<()> {
    let shop = Shop::with("serve", 3)?;
    shop.photo("deep/a b ü.jpg", 9)?;
    shop.build(&[])?;
    let serving = Serving::start(&shop)?;
    ensure!(serving.address.ip().is_loopback() && serving.address.port() != 0, "{}", serving.address);

    let files = lookalike_tests::tree(&shop.out())?;
    let mut seen = 0;
    for (name, content) in &files {
        let (status, head, body) = serving.get(&format!("/lookalike/{name}"))?;
        ensure!(status == 200 && body == *content, "{name}: {status}, {} bytes", body.len());
        let want = match name.rsplit('.').next() {
            Some("json") => "application/json",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("wasm") => "application/wasm",
            Some("jpg") => "image/jpeg",
            _ => "application/octet-stream",
        };
        ensure!(head.contains(&format!("content-type: {want}\r\n")), "{name}: {head}");
        check_policy(&head)?;
        seen += 1;
    }
    ensure!(seen >= 8, "{seen} files were asked for");

    for path in ["/", "/?item=p01", "/index.html"] {
        let (status, head, body) = serving.get(path)?;
        ensure!(status == 200 && head.contains("content-type: text/html; charset=utf-8"), "{path}: {head}");
        ensure!(String::from_utf8(body)?.contains("more-like-this"), "{path} shows the element");
        check_policy(&head)?;
    }
    let (status, head, body) = serving.get("/photos/deep/a%20b%20%C3%BC.jpg?v=1")?;
    ensure!(status == 200 && head.contains("content-type: image/jpeg"), "{head}");
    ensure!(body == std::fs::read(shop.photos().join("deep/a b ü.jpg"))?, "the photo's own bytes");
    let (status, head, body) = serving.send(&format!(
        "HEAD /photos/p00.png HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        serving.address
    ))?;
    ensure!(status == 200 && head.contains("content-type: image/png") && body.is_empty(), "{head}");
    Ok(())
}

/// Nothing but the page's own files, and no script or style written into the page.
fn check_policy(head: &str) -> anyhow::Result<()> {
    let policy = head.lines().find_map(|line| line.strip_prefix("content-security-policy: "));
    let policy = policy.with_context(|| format!("no content security policy: {head}"))?;
    for rule in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "object-src 'none'",
    ] {
        ensure!(policy.contains(rule), "{rule} is not in {policy}");
    }
    ensure!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    ensure!(head.contains("x-content-type-options: nosniff"), "{head}");
    Ok(())
}

#[test]
fn what_is_not_there_or_not_to_be_seen_is_not_found() -> anyhow::Result<()> {
    let shop = Shop::with("serve-hostile", 2)?;
    shop.build(&[])?;
    std::fs::write(shop.0.join("secret.txt"), "SECRET")?;
    let secret = shop.0.join("secret.txt").display().to_string();
    let encoded = secret.replace('/', "%2f");
    let serving = Serving::start(&shop)?;
    let absent = [
        "/nothing",
        "/lookalike/",
        "/lookalike",
        "/lookalike/none.json",
        "/photos/p99.jpg",
        "/photos/",
        "/Cargo.toml",
    ];
    for path in absent {
        let (status, head, _) = serving.get(path)?;
        ensure!(status == 404, "{path}: {status}");
        check_policy(&head)?;
    }
    let hostile = [
        "/lookalike/../secret.txt".to_owned(),
        "/photos/../secret.txt".to_owned(),
        "/lookalike/%2e%2e/secret.txt".to_owned(),
        "/lookalike/..%2fsecret.txt".to_owned(),
        "/lookalike/%2e%2e%2fsecret.txt".to_owned(),
        "/lookalike/..%5csecret.txt".to_owned(),
        "/lookalike/%252e%252e/secret.txt".to_owned(),
        "/lookalike/./../secret.txt".to_owned(),
        "/../secret.txt".to_owned(),
        format!("/lookalike/{secret}"),
        format!("/lookalike/{encoded}"),
        format!("/photos/{encoded}"),
        format!("/{encoded}"),
        format!("/{secret}"),
        "/lookalike/manifest.json%00.jpg".to_owned(),
        "/%zz".to_owned(),
        "/%".to_owned(),
        "http://example.org/secret.txt".to_owned(),
        "*".to_owned(),
    ];
    for path in hostile {
        let (status, _, body) = serving.get(&path).with_context(|| path.clone())?;
        ensure!([400, 404, 421].contains(&status), "{path}: {status}");
        ensure!(!String::from_utf8_lossy(&body).contains("SECRET"), "{path} leads out");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let request = format!(
            "{method} /lookalike/manifest.json HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
        ensure!(serving.send(&request)?.0 == 405, "{method}");
    }
    // Browsers that hang up in the middle do not end it.
    for _ in 0..20 {
        TcpStream::connect(serving.address)?.write_all(b"GET /lookalike/man")?;
    }
    ensure!(serving.get("/lookalike/manifest.json")?.0 == 200, "still there");
    Ok(())
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_but_this_machine_can_connect() -> anyhow::Result<()> {
    let shop = Shop::with("serve-loopback", 1)?;
    shop.build(&[])?;
    let serving = Serving::start(&shop)?;
    // Local addresses of listening sockets (state 0A), as hexadecimal address:port.
    let sockets: String = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .collect();
    let port = format!(":{:04X}", serving.address.port());
    let listening: Vec<&str> = sockets
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields.get(3) == Some(&"0A"))
        .filter_map(|fields| fields.get(1).copied())
        .filter(|local| local.ends_with(&port))
        .collect();
    ensure!(listening == [format!("0100007F{port}")], "it listens on {listening:?}");
    Ok(())
}

/// The head of the next answer on a connection that stays open, in lower case, and its body.
fn next_answer(reader: &mut BufReader<TcpStream>) -> anyhow::Result<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        ensure!(reader.read_line(&mut head)? > 0, "the connection was closed after {head:?}");
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(Ok(0), str::parse)?];
    reader.read_exact(&mut body)?;
    Ok((head, body))
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn a_page_of_another_site_reads_nothing_by_a_name_of_its_own() -> anyhow::Result<()> {
    let shop = Shop::with("serve-rebinding", 1)?;
    shop.build(&[])?;
    let serving = Serving::start(&shop)?;
    let port = serving.address.port();
    let ask = |host: &str, target: &str| {
        serving.send(&format!("GET {target} HTTP/1.1\r\n{host}Connection: close\r\n\r\n"))
    };
    for own in ["127.0.0.1", "localhost", "LocalHost", "[::1]"] {
        for host in
            [format!("Host: {own}:{port}\r\n"), format!("Host: {own}:9\r\n"), format!("Host: {own}\r\n")]
        {
            ensure!(ask(&host, "/lookalike/manifest.json")?.0 == 200, "{host}");
        }
    }
    let other = ["shop.example", "127.0.0.1.nip.io", "localhost.shop.example", "192.168.0.1", ""];
    for name in other {
        let (status, head, body) = ask(&format!("Host: {name}:{port}\r\n"), "/photos/p00.png")?;
        ensure!(status == 421 || status == 400, "{name}: {head}");
        ensure!(!String::from_utf8_lossy(&body).contains("PNG"), "{name} reads a photo");
    }
    ensure!([400, 421].contains(&ask("", "/lookalike/manifest.json")?.0), "no name at all");
    let absolute = format!("http://shop.example:{port}/lookalike/manifest.json");
    ensure!(ask(&format!("Host: localhost:{port}\r\n"), &absolute)?.0 == 421, "in the address");
    Ok(())
}

#[test]
fn what_a_browser_has_is_not_sent_again_and_smaller_copies_are_taken() -> anyhow::Result<()> {
    let shop = Shop::with("serve-conditional", 2)?;
    shop.build(&[])?;
    let serving = Serving::start(&shop)?;
    let mut reader = BufReader::new(TcpStream::connect(serving.address)?);
    reader.get_ref().set_read_timeout(Some(Duration::from_secs(10)))?;
    // All on one connection.
    let mut ask = |method: &str, path: &str, more: &str| -> anyhow::Result<(String, Vec<u8>)> {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", serving.address);
        reader.get_mut().write_all(request.as_bytes())?;
        if method == "HEAD" {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                ensure!(reader.read_line(&mut head)? > 0, "the connection was closed after {head:?}");
            }
            return Ok((head.to_ascii_lowercase(), Vec::new()));
        }
        next_answer(&mut reader)
    };
    for path in ["/lookalike/manifest.json", "/photos/p00.png", "/"] {
        let (head, body) = ask("GET", path, "")?;
        let tag = value(&head, "etag").with_context(|| head.clone())?.to_owned();
        ensure!(head.starts_with("http/1.1 200") && !body.is_empty(), "{head}");
        let (again, _) = ask("HEAD", path, "")?;
        ensure!(
            value(&again, "etag") == Some(&tag)
                && value(&again, "content-length") == Some(&body.len().to_string()),
            "{again}"
        );
        for list in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let (head, body) = ask("GET", path, &format!("If-None-Match: {list}\r\n"))?;
            ensure!(head.starts_with("http/1.1 304") && body.is_empty(), "{list}: {head}");
            check_policy(&head)?;
        }
        let (head, _) = ask("GET", path, "If-None-Match: \"other\"\r\n")?;
        ensure!(head.starts_with("http/1.1 200"), "{head}");
    }
    // Within the same second, and of the same length.
    let manifest = shop.out().join("manifest.json");
    let (head, body) = ask("GET", "/lookalike/manifest.json", "")?;
    let tag = value(&head, "etag").context("a tag")?.to_owned();
    std::fs::write(&manifest, String::from_utf8(body)?.replace("cosine", "COSINE"))?;
    let (head, _) = ask("GET", "/lookalike/manifest.json", &format!("If-None-Match: {tag}\r\n"))?;
    ensure!(head.starts_with("http/1.1 200"), "it is another: {head}");

    std::fs::write(shop.out().join("manifest.json.br"), "brotli")?;
    std::fs::write(shop.out().join("manifest.json.gz"), "gzip")?;
    for (accepted, coding, content) in [
        ("br, gzip", Some("br"), "brotli"),
        ("gzip, deflate, BR;q=0.5", Some("br"), "brotli"),
        ("gzip", Some("gzip"), "gzip"),
        ("br;q=0, gzip", Some("gzip"), "gzip"),
    ] {
        let (head, body) =
            ask("GET", "/lookalike/manifest.json", &format!("Accept-Encoding: {accepted}\r\n"))?;
        ensure!(
            value(&head, "content-encoding") == coding && body == content.as_bytes(),
            "{accepted}: {head}"
        );
        ensure!(value(&head, "content-type") == Some("application/json"), "{head}");
        ensure!(value(&head, "vary") == Some("accept-encoding"), "{head}");
    }
    let (head, body) = ask("GET", "/lookalike/manifest.json", "Accept-Encoding: identity\r\n")?;
    ensure!(value(&head, "content-encoding").is_none() && body.starts_with(b"{"), "{head}");
    Ok(())
}

#[test]
fn a_thousand_connections_at_once_are_answered() -> anyhow::Result<()> {
    const CONNECTIONS: usize = 1000;
    let shop = Shop::with("serve-many", 2)?;
    shop.build(&[])?;
    let serving = Serving::start(&shop)?;
    let want = std::fs::read(shop.out().join("manifest.json"))?;
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        match TcpStream::connect_timeout(&serving.address, Duration::from_secs(20)) {
            Ok(stream) => open.push(BufReader::new(stream)),
            // What this test may have open itself.
            Err(error) if error.raw_os_error() == Some(24) => break,
            Err(error) => return Err(error.into()),
        }
    }
    ensure!(open.len() >= 500, "only {} could be opened", open.len());
    if open.len() < CONNECTIONS {
        eprintln!("note: with {} connections, more this process may not open", open.len());
    }
    // All are open while each is asked twice, the last first.
    for _ in 0..2 {
        for reader in open.iter_mut().rev() {
            reader.get_ref().set_read_timeout(Some(Duration::from_secs(20)))?;
            let request =
                format!("GET /lookalike/manifest.json HTTP/1.1\r\nHost: {}\r\n\r\n", serving.address);
            reader.get_mut().write_all(request.as_bytes())?;
        }
        for reader in &mut open {
            let (head, body) = next_answer(reader)?;
            ensure!(head.starts_with("http/1.1 200") && body == want, "{head}");
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_served_is_a_clear_error() -> anyhow::Result<()> {
    let shop = Shop::with("serve-errors", 1)?;
    ensure!(fail(1, arguments!["serve", shop.out()])?.contains("manifest.json"));
    shop.build(&[])?;
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let errors = fail(1, arguments!["serve", shop.out(), "--port", &port])?;
    ensure!(errors.contains(&format!("port {port}")), "{errors}");
    Ok(())
}
