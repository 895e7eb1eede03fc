//! Photos on their way into the workers, gathered to batches that are bounded in number and in bytes.

use std::path::PathBuf;

/// Photos of a batch at most.
const ROWS: usize = 256;
/// Bytes of the photos' files of a batch; the photo that goes beyond is its last.
const BYTES: usize = 64 << 20;

/// A photo of a product.
pub struct Photo {
    /// The product's id.
    pub id: String,
    /// The photo's file, as the user knows it, if it is one.
    pub file: Option<String>,
    /// What is in it.
    pub content: Content,
}

/// What is in a photo.
pub enum Content {
    /// It is below this folder.
    File(PathBuf),
    /// The bytes of its file.
    Bytes(Vec<u8>),
    /// It cannot be had, for this reason.
    Refused(String),
}

/// Gathers photos and hands them on in batches.
pub struct Filler<'a> {
    each: &'a mut dyn FnMut(Vec<Photo>) -> anyhow::Result<()>,
    photos: Vec<Photo>,
    bytes: usize,
}

impl<'a> Filler<'a> {
    /// One that hands batches to `each`.
    pub fn new(each: &'a mut dyn FnMut(Vec<Photo>) -> anyhow::Result<()>) -> Filler<'a> {
        Filler { each, photos: Vec::new(), bytes: 0 }
    }

    /// Adds a photo, and hands the batch on if it is full.
    ///
    /// # Errors
    /// That of whoever takes the batch.
    pub fn add(&mut self, photo: Photo) -> anyhow::Result<()> {
        if let Content::Bytes(bytes) = &photo.content {
            self.bytes += bytes.len();
        }
        self.photos.push(photo);
        if self.photos.len() >= ROWS || self.bytes >= BYTES { self.flush() } else { Ok(()) }
    }

    /// Hands on what there is.
    ///
    /// # Errors
    /// That of whoever takes the batch.
    pub fn flush(&mut self) -> anyhow::Result<()> {
        self.bytes = 0;
        let photos = std::mem::take(&mut self.photos);
        if photos.is_empty() { Ok(()) } else { (self.each)(photos) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded_in_number_and_bytes() -> anyhow::Result<()> {
        let mut sizes = Vec::new();
        let mut each = |photos: Vec<Photo>| {
            sizes.push(photos.len());
            Ok(())
        };
        let mut filler = Filler::new(&mut each);
        let photo = |bytes| Photo { id: "a".into(), file: None, content: Content::Bytes(vec![0; bytes]) };
        for _ in 0..300 {
            filler.add(photo(10))?;
        }
        filler.flush()?;
        filler.flush()?;
        for _ in 0..3 {
            filler.add(photo(BYTES / 2))?;
        }
        filler.flush()?;
        assert_eq!(sizes, [256, 44, 2, 1]);
        Ok(())
    }
}
