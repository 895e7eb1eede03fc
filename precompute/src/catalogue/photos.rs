//! The photos of a folder, product by product. Shops' folders hold much else, and a bad entry costs only itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use walkdir::{DirEntry, WalkDir};

use super::Skipped;
use super::photo_names::{PhotoNames, order, place};

/// Endings of the formats that are read.
pub const ENDINGS: [&str; 12] =
    ["jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "dib", "tif", "tiff"];

/// Endings of pictures that are not read; they are counted.
const UNREAD: [&str; 16] = [
    "heic", "heif", "avif", "jxl", "jp2", "j2k", "psd", "svg", "eps", "ico", "dng", "cr2", "cr3", "nef",
    "arw", "tga",
];

/// The longest id that the neighbours file can hold.
pub const LONGEST_ID: usize = u16::MAX as usize;

/// Folders that systems keep beside photos: Synology's and QNAP's thumbnails, macOS's and Windows's own, bins.
const SYSTEM: [&str; 7] =
    ["@eadir", "__macosx", "#recycle", "@recycle", "$recycle.bin", "system volume information", "lost+found"];

/// A photo of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductPhoto {
    /// The product's id, in Unicode's composed form.
    pub id: String,
    /// Which of the product's photos it is, from 0, the primary one.
    pub number: u32,
    /// The photo, below the folder of photos.
    pub path: PathBuf,
    /// Where the photo came from, if not from the folder.
    pub address: Option<String>,
}

impl ProductPhoto {
    /// What the user knows the photo by.
    pub fn photo(&self) -> String {
        self.address.clone().unwrap_or_else(|| self.path.display().to_string())
    }
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Photos {
    /// Sorted by id in byte order, and by number.
    pub photos: Vec<ProductPhoto>,
    /// Photos of products beyond as many as are taken of each.
    pub further: usize,
    /// Entries that cannot be read or named.
    pub skipped: Vec<Skipped>,
    /// What to tell the user.
    pub notes: Vec<String>,
}

/// Which entries of a folder are passed over.
pub struct Exclude {
    globs: GlobSet,
    /// Folders that the program writes itself.
    own: Vec<PathBuf>,
}

impl Exclude {
    /// What the user's patterns name, and the folders `own`.
    ///
    /// # Errors
    /// When a pattern cannot be read.
    pub fn new(patterns: &[String], own: &[&Path]) -> anyhow::Result<Exclude> {
        let mut globs = GlobSetBuilder::new();
        for pattern in patterns {
            let plain = pattern.trim_end_matches('/');
            // A pattern without a slash is of a name, at whatever depth; one with a slash is of the path.
            let anywhere = if plain.contains('/') { plain.to_owned() } else { format!("**/{plain}") };
            let glob = GlobBuilder::new(anywhere.trim_start_matches('/')).literal_separator(true).build();
            globs.add(glob.with_context(|| format!("--exclude {pattern}"))?);
        }
        let own = own.iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        Ok(Exclude { globs: globs.build()?, own })
    }
}

/// What was passed over, by reason.
#[derive(Default)]
struct Passed {
    folders: BTreeSet<String>,
    own: BTreeSet<String>,
    caches: BTreeSet<String>,
    excluded: usize,
    unread: BTreeMap<String, usize>,
    formats: usize,
    sizes: usize,
}

/// The photos below `folder`, links followed; of each product, which `names` tell, the first `each`.
///
/// # Errors
/// When the folder cannot be read or has no photo.
pub fn find_photos(
    folder: &Path,
    exclude: &Exclude,
    names: &PhotoNames,
    each: usize,
) -> anyhow::Result<Photos> {
    fs::read_dir(folder).with_context(|| format!("reading the photos of {}", folder.display()))?;
    let (mut passed, mut skipped, mut files) = (Passed::default(), Vec::new(), Vec::new());
    let mut entries = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                skipped.extend(broken(folder, &error));
                continue;
            }
        };
        let path = entry.path().strip_prefix(folder).unwrap_or(entry.path()).to_path_buf();
        if entry.depth() == 0 {
            continue;
        }
        if exclude.globs.is_match(&path) {
            passed.excluded += 1;
            if entry.file_type().is_dir() {
                entries.skip_current_dir();
            }
        } else if entry.file_type().is_dir() {
            if pass_over(&entry, &path, exclude, &mut passed) {
                entries.skip_current_dir();
            }
        } else if entry.file_type().is_file() && !is_hidden(&entry) {
            match ending(&path) {
                Some(ending) if ENDINGS.contains(&ending.as_str()) => match photo(path, &entry) {
                    Ok(file) => files.push(file),
                    Err(photo) => skipped.push(photo),
                },
                Some(ending) if UNREAD.contains(&ending.as_str()) => {
                    *passed.unread.entry(format!(".{ending}")).or_default() += 1;
                }
                None if is_picture(entry.path()) => {
                    *passed.unread.entry("without an ending".to_owned()).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    let files = without_copies(files, &mut passed);
    let notes = passed.notes();
    let (photos, further, unnamed) = by_product(files, names, each);
    skipped.extend(unnamed);
    if photos.is_empty() {
        let more =
            notes.iter().chain(skipped.first().map(|photo| &photo.reason)).map(|note| format!("; {note}"));
        bail!(
            "no photo below {}; files ending in {} are read{}",
            folder.display(),
            ENDINGS.join(", "),
            more.collect::<String>()
        );
    }
    Ok(Photos { photos, further, skipped, notes })
}

/// A photo's file.
struct File {
    /// Components of its path, the last without its ending.
    place: Vec<String>,
    path: PathBuf,
    bytes: u64,
}

impl File {
    fn name(&self) -> &str {
        self.place.last().map_or("", String::as_str)
    }
}

fn photo(path: PathBuf, entry: &DirEntry) -> Result<File, Skipped> {
    let Some(place) = place(&path) else {
        let reason = "its name is not Unicode, and it is to say the product's id; rename it".to_owned();
        return Err(Skipped { file: path.display().to_string(), reason });
    };
    let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
    Ok(File { place, path, bytes })
}

fn ending(path: &Path) -> Option<String> {
    path.extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase)
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

/// Whether the first bytes are those of a picture that is read.
fn is_picture(path: &Path) -> bool {
    let mut start = [0; 12];
    let read = fs::File::open(path).and_then(|mut file| file.read(&mut start));
    let start = &start[..read.unwrap_or(0)];
    start.starts_with(b"\xff\xd8\xff")
        || start.starts_with(b"\x89PNG")
        || start.starts_with(b"GIF8")
        || (start.starts_with(b"RIFF") && start.ends_with(b"WEBP"))
}

/// An entry that cannot be read; `None` if it would be no photo anyway.
fn broken(folder: &Path, error: &walkdir::Error) -> Option<Skipped> {
    let path = error.path()?;
    let shown = path.strip_prefix(folder).unwrap_or(path);
    let reason = match error.loop_ancestor() {
        Some(above) => format!("a link to the folder it is in ({})", above.display()),
        None => error.io_error().map_or_else(|| error.to_string(), |error| error.to_string()),
    };
    let dangling = error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let is_photo = ending(path).is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    (is_photo || !dangling).then(|| Skipped { file: shown.display().to_string(), reason })
}

/// Whether a folder is not looked into.
fn pass_over(entry: &DirEntry, path: &Path, exclude: &Exclude, passed: &mut Passed) -> bool {
    let name = entry.file_name().to_string_lossy();
    let shown = || path.display().to_string();
    if is_hidden(entry) || SYSTEM.contains(&name.to_lowercase().as_str()) {
        passed.folders.insert(shown());
    } else if !exclude.own.is_empty()
        && fs::canonicalize(entry.path()).is_ok_and(|path| exclude.own.contains(&path))
    {
        passed.own.insert(shown());
    } else if *name == *"cache" && has_folder_named_by_hash(entry.path()) {
        passed.caches.insert(shown());
    } else {
        return false;
    }
    true
}

/// Magento keeps resized copies in `cache/<hash>/`, under the same file names.
fn has_folder_named_by_hash(path: &Path) -> bool {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let is_hash = |name: &str| name.len() >= 4 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .any(|entry| entry.file_name().to_str().is_some_and(is_hash))
}

/// Leaves out the same photo in another format or another size, in the same folder.
fn without_copies(files: Vec<File>, passed: &mut Passed) -> Vec<File> {
    let mut by_name: HashMap<(PathBuf, String), File> = HashMap::new();
    let folder = |file: &File| file.path.parent().unwrap_or(Path::new("")).to_path_buf();
    for file in files {
        match by_name.entry((folder(&file), file.name().to_owned())) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(file);
            }
            std::collections::hash_map::Entry::Occupied(mut other) => {
                passed.formats += 1;
                if (file.bytes, &other.get().path) > (other.get().bytes, &file.path) {
                    other.insert(file);
                }
            }
        }
    }
    let sized = |file: &File| {
        let stem = without_size(file.name())?;
        let original = [stem.to_owned(), format!("{stem}-scaled")];
        original.into_iter().any(|name| by_name.contains_key(&(folder(file), name))).then_some(())
    };
    let copies: BTreeSet<PathBuf> =
        by_name.values().filter(|file| sized(file).is_some()).map(|file| file.path.clone()).collect();
    passed.sizes += copies.len();
    let mut files: Vec<File> = by_name.into_values().filter(|file| !copies.contains(&file.path)).collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// The name before a size as WordPress appends it: `tee` of `tee-150x150`.
fn without_size(name: &str) -> Option<&str> {
    let (stem, size) = name.rsplit_once('-')?;
    let (width, height) = size.split_once('x')?;
    let is_size =
        |text: &str| (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_size(width) && is_size(height) && !stem.is_empty()).then_some(stem)
}

/// The files as photos of products, sorted by id and number, of each product the first `each`; how many more there are; and those
/// whose names cannot be ids.
fn by_product(files: Vec<File>, names: &PhotoNames, each: usize) -> (Vec<ProductPhoto>, usize, Vec<Skipped>) {
    let places: Vec<Vec<String>> = files.iter().map(|file| file.place.clone()).collect();
    let (mut products, mut unnamed): (BTreeMap<String, Vec<File>>, Vec<Skipped>) = Default::default();
    for (id, file) in names.ids(&places).into_iter().zip(files) {
        if id.is_empty() || id.len() > LONGEST_ID {
            let reason = format!("the id is empty or longer than {LONGEST_ID} bytes; rename it");
            unnamed.push(Skipped { file: file.path.display().to_string(), reason });
        } else {
            products.entry(id).or_default().push(file);
        }
    }
    let (mut photos, mut further) = (Vec::new(), 0);
    for (id, mut files) in products {
        files.sort_by(|one, other| order(&id, &one.place, &other.place).then(one.path.cmp(&other.path)));
        further += files.len().saturating_sub(each);
        let numbered = (0..).zip(files.into_iter().take(each));
        photos.extend(numbered.map(|(number, File { path, .. })| ProductPhoto {
            id: id.clone(),
            number,
            path,
            address: None,
        }));
    }
    (photos, further, unnamed)
}

impl Passed {
    fn notes(&self) -> Vec<String> {
        let list = |names: &BTreeSet<String>| {
            let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            let more = if names.len() > shown.len() { ", ..." } else { "" };
            format!("{}{more}", shown.join(", "))
        };
        let mut notes = Vec::new();
        for (folders, what) in [
            (&self.folders, "hidden or the system's own"),
            (&self.own, "what this program writes"),
            (&self.caches, "copies of photos in folders named by a hash"),
        ] {
            if !folders.is_empty() {
                notes.push(format!("passed over {what}: {}", list(folders)));
            }
        }
        for (count, what) in [
            (self.excluded, "files and folders that --exclude names"),
            (self.formats, "photos that are there in another format too, of which the larger file is taken"),
            (self.sizes, "resized copies of photos (name-150x150)"),
        ] {
            if count > 0 {
                notes.push(format!("passed over {count} {what}"));
            }
        }
        let unread: usize = self.unread.values().sum();
        if unread > 0 {
            let kinds: Vec<String> =
                self.unread.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            notes.push(format!("{unread} files look like pictures but are not read: {}", kinds.join(", ")));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found_at_the_end_of_a_name() {
        assert_eq!(without_size("tee-150x150"), Some("tee"));
        assert_eq!(without_size("a-b-1024x768"), Some("a-b"));
        for name in ["tee", "tee-150", "150x150", "tee-x150", "tee-15x0a", "-1x1"] {
            assert_eq!(without_size(name), None, "{name}");
        }
    }
}
