//! Sitemaps with pictures: a page and its pictures, which is all that is known of a product.
//! <https://developers.google.com/search/docs/crawling-indexing/sitemaps/image-sitemaps>

use anyhow::bail;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::Read;
use super::json_ld::last_segment;
use super::merchant_xml::entity;

/// What a sitemap holds.
#[derive(Default)]
pub struct Sitemap {
    /// Pages with their pictures.
    pub read: Read,
    /// Pages without a picture.
    pub bare: usize,
    /// Further sitemaps.
    pub further: Vec<String>,
}

/// Reads a sitemap or an index of sitemaps.
///
/// # Errors
/// When the text is not XML.
pub fn read(text: &str) -> anyhow::Result<Sitemap> {
    let mut reader = Reader::from_str(text);
    let mut sitemap = Sitemap::default();
    let (mut open, mut content): (Vec<String>, String) = (Vec::new(), String::new());
    let (mut page, mut title, mut pictures) = (String::new(), String::new(), Vec::new());
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => {
                content.clear();
                open.push(element.local_name().as_ref().to_owned());
                if open.len() > 16 {
                    bail!("elements of the sitemap are {} deep", open.len());
                }
            }
            Ok(Event::Text(text)) => content.push_str(&text.xml10_content()),
            Ok(Event::CData(text)) => content.push_str(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => content.push_str(&entity(&reference)),
            Ok(Event::End(_)) => {
                let text = content.trim().to_owned();
                let names: Vec<&str> = open.iter().map(String::as_str).collect();
                match names.as_slice() {
                    [.., "image", "loc"] => pictures.push(text),
                    [.., "image", "title"] if title.is_empty() => title = text,
                    [.., "url", "loc"] => page = text,
                    [.., "sitemap", "loc"] => sitemap.further.push(text),
                    [.., "url"] => {
                        let (page, title) = (std::mem::take(&mut page), std::mem::take(&mut title));
                        sitemap.add(page, title, std::mem::take(&mut pictures));
                    }
                    _ => {}
                }
                content.clear();
                open.pop();
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => bail!("at byte {}: {error}", reader.buffer_position()),
        }
    }
    if !open.is_empty() {
        bail!("it ends within <{}>: the file is not whole", open.join("><"));
    }
    Ok(sitemap)
}

impl Sitemap {
    fn add(&mut self, page: String, title: String, pictures: Vec<String>) {
        self.read.rows += 1;
        if pictures.is_empty() {
            self.bare += 1;
            return;
        }
        let Some(mut product) = self.read.product(&last_segment(&page)) else { return };
        product.title = Some(title).filter(|title| !title.is_empty());
        product.url = Some(page);
        pictures.iter().for_each(|picture| product.add_photo(picture));
        self.read.products.push(product);
    }
}
