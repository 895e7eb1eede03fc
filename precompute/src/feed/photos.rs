//! Addresses of a feed's photos: absolute ones, and those that are to be completed.

use anyhow::{Context, bail};
use url::Url;

/// What addresses are relative to.
#[derive(Clone, Debug, Default)]
pub struct Bases {
    /// `--image-base`.
    pub images: Option<Url>,
    /// The feed's own address.
    pub feed: Option<Url>,
}

/// The address that `photo` stands for.
///
/// # Errors
/// When it is none, or a path and nothing says what it is below.
pub fn address_of(photo: &str, bases: &Bases) -> anyhow::Result<Url> {
    let not_an_address = || format!("{photo:?} is no address");
    if photo.starts_with("//") {
        return format!("https:{photo}").parse().with_context(not_an_address);
    }
    let absolute: Result<Url, _> = photo.parse();
    if let Ok(address) = absolute {
        return match address.scheme() {
            "http" | "https" => Ok(address),
            other => bail!("{photo:?} is an address of kind {other}: http and https are fetched"),
        };
    }
    if let Some(base) = &bases.images {
        // A path of Magento's begins with a slash and is below the base all the same.
        let mut base = base.clone();
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        return base.join(&relative(photo)).with_context(not_an_address);
    }
    match &bases.feed {
        Some(feed) => feed.join(photo).with_context(not_an_address),
        None => bail!(
            "{photo:?} is a path: --image-base says which address it is below, such as https://shop.example/media/catalog/product"
        ),
    }
}

/// A path that no word of is taken for a scheme or a way up, and whose signs are only signs.
fn relative(photo: &str) -> String {
    let path = photo.trim_start_matches('/').replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("./{path}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn photos_have_one_address() {
        let bases = Bases {
            images: Some("https://m.example/media/catalog/product".parse().expect("an address")),
            feed: Some("https://shop.example/feed/all.xml".parse().expect("an address")),
        };
        let of = |photo: &str, bases: &Bases| {
            address_of(photo, bases).map(|url| url.to_string()).map_err(|error| error.to_string())
        };
        for (photo, want) in [
            ("https://cdn.example/a b.jpg?v=1", "https://cdn.example/a%20b.jpg?v=1"),
            ("//cdn.example/a.jpg", "https://cdn.example/a.jpg"),
            ("/a/b/tee 1#2.jpg", "https://m.example/media/catalog/product/a/b/tee%201%232.jpg"),
            ("a/b.jpg", "https://m.example/media/catalog/product/a/b.jpg"),
        ] {
            assert_eq!(of(photo, &bases).as_deref(), Ok(want));
        }
        let feed = Bases { images: None, ..bases };
        assert_eq!(of("/img/a.jpg", &feed).as_deref(), Ok("https://shop.example/img/a.jpg"));
        for photo in ["ftp://a/b.jpg", "file:///etc/passwd", "data:image/png;base64,AA"] {
            assert!(of(photo, &feed).is_err_and(|told| told.contains("http and https")), "{photo}");
        }
        assert!(of("a/b.jpg", &Bases::default()).is_err_and(|told| told.contains("--image-base")));
    }
}
