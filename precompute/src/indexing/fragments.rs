//! `build --fragments`: the neighbours of each product as plain links, for a site generator to put inside the element.
//!
//! They are what visitors without JavaScript see, and search engines; the element shows its children until its own results
//! are there. Written into the folder like everything else, so they appear and disappear with it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::Context;
use lookalike::digest::Digest;
use lookalike::folder::Card;

/// As many as the element shows.
const LINKS: usize = 8;
/// Bytes of a file's name before its ending; file systems take 255.
const LONGEST: usize = 200;

/// Where they go within the folder.
pub const FOLDER: &str = "fragments";

/// Writes the fragment of each of `products`, an item number n and an id, whose nearest are `neighbours(n)` (by the first metric) and
/// shown by `card(n)`. `base` is the address of the folder as pages see it. Returns the bytes of all.
///
/// # Errors
/// When a file cannot be written, or two have the same name on this file system.
pub fn write<'a>(
    folder: &Path,
    base: &str,
    products: impl Iterator<Item = (usize, &'a str)>,
    neighbours: impl Fn(usize) -> Vec<usize>,
    card: impl Fn(usize) -> Card,
) -> anyhow::Result<u64> {
    let folder = folder.join(FOLDER);
    fs::create_dir_all(&folder)?;
    let mut bytes = 0;
    for (item, id) in products {
        let text = fragment(neighbours(item).into_iter().map(&card), base);
        let path = folder.join(name(id));
        // Names that differ by case alone are one on some file systems.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("writing the fragment of {id}: {}", path.display()))?;
        bytes += text.len() as u64;
    }
    Ok(bytes)
}

/// The name of a product's file: its id, with every byte but `A-Z a-z 0-9 - _ .` and a leading dot as `%` and two
/// hexadecimal digits; where that is over 200 bytes, its first 183, `~` and 16 digits of the id's SHA-256.
pub fn name(id: &str) -> String {
    let mut name = String::new();
    for (at, byte) in id.bytes().enumerate() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(byte as char),
            b'.' if at > 0 => name.push('.'),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    if name.len() > LONGEST {
        name.truncate(LONGEST - 17);
        name = format!("{name}~{}", Digest::of(id.as_bytes()).short());
    }
    name + ".html"
}

/// A list of links to the first of `cards`, with nothing in it that is not escaped. A picture's alternative text is empty, since
/// its product's name stands beside it in the same link.
pub fn fragment(cards: impl Iterator<Item = Card>, base: &str) -> String {
    let mut html = "<ul>\n".to_owned();
    for card in cards.take(LINKS) {
        let name = escaped(card.title.as_deref().unwrap_or(&card.id));
        let thumbnail = card.thumbnail.as_ref().map(|path| format!("{}/{path}", base.trim_end_matches('/')));
        let picture = thumbnail.or(card.image.filter(|image| is_web(image))).map_or_else(String::new, |source| {
            format!(
                "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"\" loading=\"lazy\" decoding=\"async\">",
                escaped(&source),
                card.width,
                card.height
            )
        });
        let price = card.price.as_deref().map_or_else(String::new, |price| format!(" {}", escaped(price)));
        let line = if picture.is_empty() { "" } else { "<br>" };
        let shown = format!("{picture}{line}{name}{price}");
        let line = match card.url.as_deref().filter(|url| is_web(url)) {
            Some(url) => format!("<li><a href=\"{}\">{shown}</a></li>\n", escaped(url)),
            None => format!("<li>{shown}</li>\n"),
        };
        html.push_str(&line);
    }
    html + "</ul>\n"
}

/// The address of the folder that thumbnails have in a fragment; none where it shows none.
pub fn base_of(fragment: &str) -> Option<String> {
    let (_, from_source) = fragment.split_once("<img src=\"")?;
    let (source, _) = from_source.split_once('"')?;
    let (base, _) = source.split_once("/thumbnails/")?;
    let plain = ENTITIES.iter().rev().fold(base.to_owned(), |text, (character, entity)| {
        text.replace(entity, character.encode_utf8(&mut [0; 4]))
    });
    Some(plain)
}

/// `&` is first, so that read backwards nothing is taken for an entity that was none.
const ENTITIES: [(char, &str); 5] =
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];

/// Text as HTML, between tags and within double quotes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match ENTITIES.iter().find(|(special, _)| *special == character) {
            Some((_, entity)) => html.push_str(entity),
            None => html.push(character),
        }
    }
    html
}

/// An address that leads to a page: relative, or of the web. Browsers pass over white space and control characters in a
/// scheme, so these do not hide one here.
fn is_web(url: &str) -> bool {
    let plain: String = url.chars().filter(|character| !character.is_control()).collect();
    let plain = plain.trim_start();
    let before = plain.split(['/', '?', '#']).next().unwrap_or_default();
    match before.split_once(':') {
        Some((scheme, _)) => scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_stable() {
        assert_eq!(name("875317"), "875317.html");
        assert_eq!(name("SKU-12_a.b"), "SKU-12_a.b.html");
        assert_eq!(name("../../etc/passwd"), "%2E.%2F..%2Fetc%2Fpasswd.html");
        assert_eq!(name("ü 1%"), "%C3%BC%201%25.html");
        let long = name(&"ü".repeat(100));
        assert!(long.len() == 205 && long.contains('~'), "{long}");
        assert_ne!(long, name(&"ü".repeat(101)));
    }

    #[test]
    fn everything_of_the_shops_is_escaped() {
        let card = Card {
            id: "1".to_owned(),
            title: Some("<b>\"Tee\" & 'co'</b>".to_owned()),
            url: Some("/shop?a=1&b=\"2\"".to_owned()),
            price: Some("<1".to_owned()),
            thumbnail: Some("thumbnails/ab/ab.jpg".to_owned()),
            width: 240,
            height: 320,
            ..Card::default()
        };
        assert_eq!(
            fragment([card].into_iter(), "/lookalike/"),
            "<ul>\n<li><a href=\"/shop?a=1&amp;b=&quot;2&quot;\"><img src=\"/lookalike/thumbnails/ab/ab.jpg\" \
             width=\"240\" height=\"320\" alt=\"\" loading=\"lazy\" \
             decoding=\"async\"><br>&lt;b&gt;&quot;Tee&quot; &amp; &#39;co&#39;&lt;/b&gt; &lt;1</a></li>\n</ul>\n"
        );
    }

    #[test]
    fn the_base_is_read_back_as_it_was_given() {
        let card = Card { thumbnail: Some("thumbnails/ab/ab.jpg".to_owned()), ..Card::default() };
        for base in ["", "/lookalike", "https://cdn.example/a?b=1&c=\"&amp;lt;", "it's"] {
            let text = fragment([card.clone()].into_iter(), base);
            assert_eq!(base_of(&text).as_deref(), Some(base), "{text}");
        }
        assert_eq!(base_of(&fragment([Card::default()].into_iter(), "/lookalike")), None);
    }

    #[test]
    fn no_more_links_than_the_element_shows() {
        let many = std::iter::repeat_n(Card::default(), 20);
        assert_eq!(fragment(many, "/").matches("<li>").count(), LINKS);
    }

    #[test]
    fn a_link_that_runs_something_is_no_link() {
        for url in [
            "javascript:alert(1)",
            " JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "\u{1}vbscript:x",
        ] {
            assert!(!is_web(url), "{url}");
        }
        for url in [
            "/shop/1",
            "shop/1:2",
            "?id=a:b",
            "#a:b",
            "https://shop.example/1",
            "HTTP://x",
            "//cdn.example/1",
            "",
        ] {
            assert!(is_web(url), "{url}");
        }
        let card = Card { id: "a&b".to_owned(), url: Some("javascript:x".to_owned()), ..Card::default() };
        assert_eq!(fragment([card].into_iter(), "/"), "<ul>\n<li>a&amp;b</li>\n</ul>\n");
    }
}
