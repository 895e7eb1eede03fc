//! One request after the other to a host, a few at once, with patience: retries with growing pauses, what the host asks for in
//! `Retry-After`, and an end to it where a host gives nothing.
//!
//! ```text
//! get(address, validators):
//!     repeat up to ATTEMPTS times:
//!         wait for a free connection of the host and for the end of its pause
//!         follow at most REDIRECTS redirects, each checked like the address itself
//!         304            -> unchanged
//!         200            -> the body, at most `limit` bytes
//!         429, 503       -> the host pauses for Retry-After, then again
//!         5xx, broken    -> again after 0.5, 1, 2 s
//!         anything else  -> a failure
//! ```

use std::collections::HashMap;
use std::io::{ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::Response;
use ureq::unversioned::resolver::{DefaultResolver, Resolver};
use ureq::unversioned::transport::DefaultConnector;
use url::Url;

use super::addresses::PublicOnly;

/// How often an address is asked for at most.
const ATTEMPTS: u32 = 4;
const REDIRECTS: usize = 5;
/// Before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A host that wants more patience is given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// A host that failed so often in a row is not asked any more.
const FAILURES: u32 = 12;

/// Pictures are asked for in formats that are read.
const ACCEPT: &str =
    "image/jpeg,image/png,image/webp,image/gif;q=0.9,image/tiff;q=0.8,image/bmp;q=0.8,*/*;q=0.2";

/// What a client may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests to one host at once.
    pub connections: usize,
    /// How long a host may be silent.
    pub timeout: Duration,
    /// Ask machines of private networks too.
    pub allow_private: bool,
}

/// What a server gave with a body, to ask later whether it is still the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// A body.
pub struct Page {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it was in the end.
    pub address: Url,
    /// To ask again with.
    pub validators: Validators,
}

/// What a request led to.
pub enum Answer {
    /// A body.
    Page(Page),
    /// What is known is still so.
    Unchanged,
}

/// Why there is no body.
#[derive(Clone, Debug)]
pub struct Failure {
    /// For the user.
    pub reason: String,
    /// Whether the server says that there is nothing at the address, rather than that it cannot answer now.
    pub gone: bool,
    /// Whether another attempt may succeed, and after how long at least.
    again: Option<Duration>,
}

impl Failure {
    fn last(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), gone: false, again: None }
    }

    fn again(reason: impl Into<String>) -> Failure {
        Failure { reason: reason.into(), gone: false, again: Some(Duration::ZERO) }
    }
}

/// What goes on with one host.
#[derive(Default)]
struct Host {
    state: Mutex<HostState>,
    changed: Condvar,
}

#[derive(Default)]
struct HostState {
    active: usize,
    until: Option<Instant>,
    failures: u32,
}

/// Asks servers.
pub struct Client {
    agent: Agent,
    limits: Limits,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// A client with its own connections.
    pub fn new(limits: Limits) -> Client {
        let config = Client::config(limits);
        match limits.allow_private {
            true => Client::with(limits, config, DefaultResolver::default()),
            false => Client::with(limits, config, PublicOnly::default()),
        }
    }

    fn config(limits: Limits) -> Config {
        let config = Agent::config_builder()
            .user_agent(concat!("lookalike-precompute/", env!("CARGO_PKG_VERSION")))
            .accept(ACCEPT)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(limits.connections * 8)
            .max_idle_connections_per_host(limits.connections)
            .timeout_resolve(Some(limits.timeout))
            .timeout_connect(Some(limits.timeout))
            .timeout_recv_response(Some(limits.timeout))
            .timeout_per_read(Some(limits.timeout))
            .timeout_global(Some(limits.timeout * 10));
        // A proxy looks names up itself, so that nobody here sees which machine is asked.
        if limits.allow_private { config } else { config.proxy(None) }.build()
    }

    fn with(limits: Limits, config: Config, resolver: impl Resolver) -> Client {
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Client { agent, limits, hosts: Mutex::default() }
    }

    /// The body at `address`, of at most `limit` bytes, or that it is as `known` says.
    ///
    /// # Errors
    /// When there is none, after all attempts that make sense.
    pub fn get(&self, address: &Url, known: &Validators, limit: u64) -> Result<Answer, Failure> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let result = self.attempt(address.clone(), known, limit);
            let failure = match result {
                Err(failure) if failure.again.is_some() && attempt < ATTEMPTS => failure,
                Err(failure) if failure.again.is_some() => {
                    return Err(Failure {
                        reason: format!("{} ({attempt} attempts)", failure.reason),
                        ..failure
                    });
                }
                other => return other,
            };
            thread::sleep(pause.max(failure.again.unwrap_or_default()));
            pause *= 2;
        }
        Err(Failure::last("no attempt was made"))
    }

    /// The body at `address` and where it was in the end.
    ///
    /// # Errors
    /// When there is none.
    pub fn page(&self, address: &Url, limit: u64) -> anyhow::Result<(Vec<u8>, Url)> {
        match self.get(address, &Validators::default(), limit) {
            Ok(Answer::Page(page)) => Ok((page.bytes, page.address)),
            Ok(Answer::Unchanged) => anyhow::bail!("the server answers 304 though nothing was known"),
            Err(failure) => Err(anyhow::Error::msg(failure.reason)),
        }
    }

    fn attempt(&self, mut address: Url, known: &Validators, limit: u64) -> Result<Answer, Failure> {
        for _ in 0..=REDIRECTS {
            if !matches!(address.scheme(), "http" | "https") {
                return Err(Failure::last(format!("{address} is no address of the web")));
            }
            let host = self.enter(&address)?;
            let result = self.ask(&address, known, limit);
            self.leave(&host, &result);
            match result? {
                Asked::Answer(answer) => return Ok(answer),
                Asked::Moved(to) => {
                    let moved = address.join(&to).map_err(|error| {
                        Failure::last(format!("it is redirected to {to:?}, which is no address: {error}"))
                    })?;
                    address = moved;
                }
            }
        }
        Err(Failure::last(format!("it is redirected more than {REDIRECTS} times, at last to {address}")))
    }

    /// Waits for a connection to the host.
    fn enter(&self, address: &Url) -> Result<Arc<Host>, Failure> {
        let name = format!(
            "{}:{}",
            address.host_str().unwrap_or_default(),
            address.port_or_known_default().unwrap_or(0)
        );
        let host = Arc::clone(locked(&self.hosts).entry(name.clone()).or_default());
        let mut state = locked(&host.state);
        loop {
            if state.failures >= FAILURES {
                return Err(Failure::last(format!(
                    "{name} failed {FAILURES} times in a row and is not asked any more"
                )));
            }
            let pause =
                state.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
            if state.active < self.limits.connections && pause.is_zero() {
                state.active += 1;
                drop(state);
                return Ok(host);
            }
            let wait = if pause.is_zero() { Duration::from_secs(1) } else { pause };
            state = host.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn leave(&self, host: &Host, result: &Result<Asked, Failure>) {
        let mut state = locked(&host.state);
        state.active -= 1;
        match result {
            Ok(_) => state.failures = 0,
            // An answer that there is nothing is an answer.
            Err(failure) if failure.gone => state.failures = 0,
            Err(failure) => match failure.again {
                // A host that asks for patience is there.
                Some(pause) if !pause.is_zero() => state.until = Some(Instant::now() + pause),
                Some(_) => state.failures += 1,
                None => {}
            },
        }
        host.changed.notify_all();
    }

    fn ask(&self, address: &Url, known: &Validators, limit: u64) -> Result<Asked, Failure> {
        let mut request = self.agent.get(address.as_str());
        if let Some(etag) = &known.etag {
            request = request.header("If-None-Match", etag);
        }
        if let Some(time) = &known.last_modified {
            request = request.header("If-Modified-Since", time);
        }
        let response = request.call().map_err(|error| failure(&error))?;
        let header = |name: &str| header(&response, name);
        match response.status().as_u16() {
            200 => {}
            304 if *known != Validators::default() => return Ok(Asked::Answer(Answer::Unchanged)),
            301 | 302 | 303 | 307 | 308 => {
                let to = header("Location");
                return to.map(Asked::Moved).ok_or_else(|| Failure::last("it is redirected to nowhere"));
            }
            status @ (429 | 503) => {
                let after =
                    header("Retry-After").and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
                let reason = format!("the server answers {status}: too many requests");
                return Err(match after {
                    Some(after) if after > LONGEST_PAUSE => {
                        Failure::last(format!("{reason}, and asks to come back in {} s", after.as_secs()))
                    }
                    Some(after) => Failure { again: Some(after.max(FIRST_PAUSE)), ..Failure::again(reason) },
                    None => Failure { again: Some(FIRST_PAUSE * 2), ..Failure::again(reason) },
                });
            }
            status @ (408 | 500..) => return Err(Failure::again(format!("the server answers {status}"))),
            status => {
                return Err(Failure { gone: true, ..Failure::last(format!("the server answers {status}")) });
            }
        }
        let validators = Validators { etag: header("ETag"), last_modified: header("Last-Modified") };
        let too_large = || Failure::last(format!("it is over {} MB large", limit / 1_000_000));
        let announced = header("Content-Length").and_then(|text| text.parse::<u64>().ok());
        if announced.is_some_and(|bytes| bytes > limit) {
            return Err(too_large());
        }
        let mut bytes = Vec::new();
        let body = response.into_body().into_with_config().limit(u64::MAX).reader();
        let read = body.take(limit + 1).read_to_end(&mut bytes);
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        read.map_err(|error| {
            Failure::again(format!("the connection broke after {} bytes: {error}", bytes.len()))
        })?;
        Ok(Asked::Answer(Answer::Page(Page { bytes, address: address.clone(), validators })))
    }
}

enum Asked {
    Answer(Answer),
    Moved(String),
}

fn header<T>(response: &Response<T>, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Io(inner) if inner.kind() == ErrorKind::PermissionDenied => {
            Failure::last(inner.to_string())
        }
        ureq::Error::Io(_)
        | ureq::Error::Timeout(_)
        | ureq::Error::ConnectionFailed
        | ureq::Error::Protocol(_) => Failure::again(error.to_string()),
        ureq::Error::HostNotFound => Failure::again("its host has no address"),
        _ => Failure::last(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::{SocketAddr, TcpListener};

    use ureq::http::Uri;
    use ureq::unversioned::resolver::ResolvedSocketAddrs;
    use ureq::unversioned::transport::NextTimeout;

    use super::*;

    /// Takes the host `shop.example` for a public one that is at `shop`, and looks at all others.
    #[derive(Debug)]
    struct OnePublicHost {
        shop: SocketAddr,
        others: PublicOnly,
    }

    impl Resolver for OnePublicHost {
        fn resolve(
            &self,
            uri: &Uri,
            config: &Config,
            timeout: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            if uri.host() != Some("shop.example") {
                return self.others.resolve(uri, config, timeout);
            }
            let mut found = self.empty();
            found.push(self.shop);
            Ok(found)
        }
    }

    /// Answers every request with a redirect to what its path says, and counts them.
    fn redirecting() -> std::io::Result<(SocketAddr, Arc<Mutex<usize>>)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, count) = (listener.local_addr()?, Arc::new(Mutex::new(0)));
        let counted = Arc::clone(&count);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut line = String::new();
                let mut reader = BufReader::new(&stream);
                if reader.read_line(&mut line).is_err() {
                    continue;
                }
                while reader.read_line(&mut String::new()).is_ok_and(|read| read > 2) {}
                *locked(&counted) += 1;
                let to = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
                let answer = format!(
                    "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                if stream.write_all(answer.as_bytes()).is_err() {
                    continue;
                }
            }
        });
        Ok((address, count))
    }

    #[test]
    fn a_redirect_to_a_private_address_is_not_followed() -> anyhow::Result<()> {
        let (shop, count) = redirecting()?;
        let limits = Limits { connections: 2, timeout: Duration::from_secs(2), allow_private: false };
        let client = Client::with(
            limits,
            Client::config(limits),
            OnePublicHost { shop, others: PublicOnly::default() },
        );
        let port = shop.port();
        for private in [
            format!("http://127.0.0.1:{port}/"),
            format!("http://localhost:{port}/"),
            format!("http://[::ffff:127.0.0.1]:{port}/"),
            "http://169.254.169.254/latest/meta-data/".to_owned(),
            "file:///etc/passwd".to_owned(),
        ] {
            let before = *locked(&count);
            let address: Url = format!("http://shop.example:{port}/{private}").parse()?;
            let failure =
                client.get(&address, &Validators::default(), 100).err().map(|failure| failure.reason);
            let reason = failure.unwrap_or_default();
            assert!(
                reason.contains("private address") || reason.contains("no address of the web"),
                "{private}: {reason}"
            );
            assert_eq!(*locked(&count), before + 1, "{private}: only the shop was asked");
        }
        Ok(())
    }
}
