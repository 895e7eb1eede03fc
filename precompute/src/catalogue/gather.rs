//! From the options to products with photos, and later to what is said of those that could be read.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use url::Url;

use super::Skipped;
use super::fields::ProductFields;
use super::matching::{Unmatched, match_rows};
use super::names::ColumnNames;
use super::photos::{Exclude, Photos, ProductPhoto, find_photos};
use super::publish::publish;
use super::rows::normal;
use super::table::read_table;
use crate::args::CatalogueOptions;
use crate::feed::{self, Bases, Feed, GROUP};
use crate::fetch::{Client, Counts, fetch_photos};

/// Products with photos, and what the shop says of products.
#[derive(Debug, Default)]
pub struct Catalogue {
    /// The folder that the products' photos are below.
    pub folder: PathBuf,
    /// Sorted by id in byte order, and by number.
    pub photos: Vec<ProductPhoto>,
    /// Photos that were not got.
    pub skipped: Vec<Skipped>,
    /// By id, if there is a table or a feed.
    table: Option<HashMap<String, ProductFields>>,
    /// The column that says which products are variants of one, if the feed has it.
    pub group: Option<&'static str>,
    /// What was fetched, if something was.
    pub fetched: Option<Counts>,
    /// Photos of products beyond as many as are taken of each.
    pub further_photos: usize,
}

/// What is known of the products that are in the folder.
pub struct Described {
    /// In item order.
    pub fields: Vec<ProductFields>,
    /// Rows and photos without a counterpart.
    pub unmatched: Unmatched,
    /// Columns that everybody can read.
    pub published: Vec<String>,
}

/// Finds or fetches the photos and reads the table or feed that `options` name; there are no photos if they name tables of embeddings. `own` are folders that the program writes,
/// and fetched photos go to `photo_cache` if the options name no other place.
///
/// # Errors
/// When there is no photo, or the table or the feed cannot be read.
pub fn gather(options: &CatalogueOptions, own: &[&Path], photo_cache: &Path) -> anyhow::Result<Catalogue> {
    match (&options.feed, &options.photos) {
        (Some(place), _) => from_feed(place, options, options.photo_cache.as_deref().unwrap_or(photo_cache)),
        (None, Some(photos)) => from_folder(photos, options, own),
        (None, None) if !options.embeddings.is_empty() => {
            let table = options.items.as_deref().map(|path| items(path, &options.columns)).transpose()?;
            Ok(Catalogue { table, ..Catalogue::default() })
        }
        (None, None) => bail!("give a folder of photos, --feed, or --embeddings"),
    }
}

fn from_folder(folder: &Path, options: &CatalogueOptions, own: &[&Path]) -> anyhow::Result<Catalogue> {
    let exclude = Exclude::new(&options.exclude, own)?;
    let table = options.items.as_deref().map(|path| items(path, &options.columns)).transpose()?;
    let names = options.names(table.iter().flat_map(HashMap::keys).cloned());
    let Photos { photos, further, skipped, notes } =
        find_photos(folder, &exclude, &names, options.photos_per_product.into())?;
    tell(&notes);
    tell_of_several(&photos, further, options.photos_per_product);
    Ok(Catalogue {
        folder: folder.to_path_buf(),
        photos,
        skipped,
        table,
        further_photos: further,
        ..Catalogue::default()
    })
}

/// A table of products: the user's own, or the export of a system that is known.
fn items(path: &Path, names: &ColumnNames) -> anyhow::Result<HashMap<String, ProductFields>> {
    if let Some(feed) = feed::export(path, names).with_context(|| format!("reading {}", path.display()))? {
        tell(&[format!("{} is read as a {}", path.display(), feed.format)]);
        tell(&feed.notes);
        let mut products = feed::fields(&feed.products);
        let by_id = products.drain().map(|(id, fields)| (normal(&id), fields));
        return Ok(compared(by_id.collect()));
    }
    let table = read_table(path, names)?;
    tell(&table.notes);
    Ok(table.products)
}

/// Prices and other numbers of a feed, to be compared as such.
fn compared(mut products: HashMap<String, ProductFields>) -> HashMap<String, ProductFields> {
    let mut numbers = super::numbers::NumberColumns::default();
    let mut ids: Vec<&String> = products.keys().collect();
    ids.sort();
    for (entry, id) in (1..).zip(ids) {
        for (name, text) in products[id].columns() {
            numbers.add(super::rows::Place::Entry(entry), &name.into(), text);
        }
    }
    tell(&numbers.settle(products.values_mut()));
    products
}

fn from_feed(place: &str, options: &CatalogueOptions, cache: &Path) -> anyhow::Result<Catalogue> {
    let limits = options.fetching.limits();
    let client = Client::new(limits);
    let Feed { format, products, rows, notes, base, .. } = feed::read(place, &options.columns, &client)?;
    eprintln!("note: {place} is read as a {format}: {rows} rows, {} products", products.len());
    tell(&notes);
    let bases = Bases { images: options.image_base.clone(), feed: base };
    let mut table: BTreeMap<String, ProductFields> = BTreeMap::new();
    let (mut addresses, mut places, mut wanted) = (Vec::new(), HashMap::new(), Vec::new());
    let (mut skipped, mut further) = (Vec::new(), 0);
    let each = usize::from(options.photos_per_product);
    for product in &products {
        let (id, mut fields) = (normal(&product.id), product.fields());
        for (number, photo) in (0..).zip(product.photos.iter().take(each)) {
            match feed::address_of(photo, &bases) {
                Ok(address) => {
                    if number == 0 {
                        fields.set(&"image".into(), address.to_string());
                    }
                    let place = *places.entry(address.clone()).or_insert_with(|| {
                        addresses.push(address);
                        addresses.len() - 1
                    });
                    wanted.push((id.clone(), number, place));
                }
                Err(error) => skipped.push(Skipped { file: photo.clone(), reason: format!("{error:#}") }),
            }
        }
        further += product.photos.len().saturating_sub(each);
        table.insert(id, fields);
    }
    if addresses.is_empty() {
        let first = skipped.first().map_or("no product names one".to_owned(), |photo| photo.reason.clone());
        bail!("{place}: there is no photo to fetch ({first})");
    }
    let threads = threads(&addresses, limits.connections);
    let photos = fetch_photos(&addresses, &client, cache, threads, options.offline);
    let counts = photos.counts;
    eprintln!(
        "fetching: {} photos fetched ({:.1} MB), {} unchanged, {} failed",
        counts.fetched,
        counts.bytes as f64 / 1e6,
        counts.unchanged,
        counts.failed
    );
    if !photos.stale.is_empty() {
        let (address, reason) = &photos.stale[0];
        let count = photos.stale.len();
        eprintln!(
            "note: {count} photos are those of an earlier run, since their servers did not answer: {address}: {reason}"
        );
    }
    let mut found: BTreeMap<(String, u32), ProductPhoto> = BTreeMap::new();
    // Several products may have the same photo.
    let mut named = HashSet::new();
    for (id, number, place) in wanted {
        let address = addresses[place].to_string();
        match &photos.files[place] {
            Ok(path) => {
                let (path, address) = (path.clone(), Some(address));
                found.insert((id.clone(), number), ProductPhoto { id, number, path, address });
            }
            Err(reason) => {
                if named.insert(place) {
                    skipped.push(Skipped { file: address, reason: reason.clone() });
                }
            }
        }
    }
    if found.is_empty() {
        let first =
            skipped.first().map(|photo| format!("{}: {}", photo.file, photo.reason)).unwrap_or_default();
        bail!("none of {} photos could be fetched; the first: {first}", addresses.len());
    }
    let photos: Vec<ProductPhoto> = found.into_values().collect();
    tell_of_several(&photos, further, options.photos_per_product);
    let group = table.values().any(|fields| fields.column(GROUP).is_some()).then_some(GROUP);
    Ok(Catalogue {
        folder: cache.to_path_buf(),
        photos,
        skipped,
        table: Some(compared(table.into_iter().collect())),
        group,
        fetched: Some(counts),
        further_photos: further,
    })
}

/// As many as all hosts together may be asked at once, within reason.
fn threads(addresses: &[Url], connections: usize) -> usize {
    let hosts: HashSet<Option<&str>> = addresses.iter().map(Url::host_str).collect();
    (hosts.len() * connections).min(32)
}

impl Catalogue {
    /// What the shop says of the products `ids`, which are those of its photos that could be read, and what of it is
    /// published; `group` is a column that is needed.
    ///
    /// # Errors
    /// When a column that is to be published is not there.
    pub fn describe(
        self,
        ids: &[&str],
        options: &CatalogueOptions,
        group: Option<&str>,
    ) -> anyhow::Result<Described> {
        let Some(table) = self.table else {
            let fields = vec![ProductFields::default(); ids.len()];
            return Ok(Described { fields, unmatched: Unmatched::default(), published: Vec::new() });
        };
        let mut matched = match_rows(ids, table, options.match_ids);
        tell(&matched.notes);
        let needed: Vec<&str> = group.into_iter().collect();
        let published = publish(&mut matched.fields, options.publish.as_deref(), &needed)?;
        tell(&published.notes);
        Ok(Described { fields: matched.fields, unmatched: matched.unmatched, published: published.columns })
    }
}

/// Photos that are named of a product with several.
const NAMED: usize = 3;

/// Says how many products have several photos, and how many photos are left out since there are more than `each`.
fn tell_of_several(photos: &[ProductPhoto], further: usize, each: u8) {
    let mut several = photos.chunk_by(|one, other| one.id == other.id).filter(|photos| photos.len() > 1);
    if let Some(first) = several.next() {
        let files: Vec<String> = first.iter().take(NAMED).map(ProductPhoto::photo).collect();
        let (count, id, files) = (1 + several.count(), &first[0].id, files.join(", "));
        let have = if count == 1 { "product has" } else { "products have" };
        eprintln!(
            "note: {count} {have} several photos, such as {id} ({files}); a product is as near as its nearest"
        );
    }
    if further > 0 {
        eprintln!(
            "note: {further} more photos are left out: {each} of each product count (--photos-per-product)"
        );
    }
}

fn tell(notes: &[String]) {
    for note in notes {
        eprintln!("note: {note}");
    }
}
