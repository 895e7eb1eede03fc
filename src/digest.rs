//! The two hashes of the folder: SHA-256 names and verifies whole files, FNV-1a finds shards and checks small ones.

use sha2::{Digest as _, Sha256};

/// Bytes of a digest that tables of files keep: as many as names carry.
pub const KEPT: usize = 8;

/// A SHA-256 digest, 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Digest of one piece of content.
    pub fn of(content: &[u8]) -> Digest {
        Digest(Sha256::digest(content).into())
    }

    /// The part that tables of files keep.
    pub fn kept(&self) -> [u8; KEPT] {
        self.0.first_chunk().copied().unwrap_or_default()
    }

    /// Digest of a set of files: of their digests one after the other.
    pub fn of_set(files: impl IntoIterator<Item = Digest>) -> Digest {
        let mut hasher = Sha256::new();
        for file in files {
            hasher.update(file.0);
        }
        Digest(hasher.finalize().into())
    }

    /// All 64 hexadecimal digits, lower case.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.0
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .map(|nibble| DIGITS[usize::from(nibble)] as char)
            .collect()
    }

    /// The digest that [`Digest::hex`] writes so.
    pub fn from_hex(hex: &str) -> Option<Digest> {
        let mut digest = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Digest(digest))
    }

    /// The first 16 hexadecimal digits, as used in file names (64 bits: two of a million files agree by chance once in
    /// 37 million folders).
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(16);
        hex
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.short())
    }
}

/// 32-bit FNV-1a (Fowler, Noll and Vo; parameters of draft-eastlake-fnv): a few instructions in any language, which is
/// what a page without wasm needs to find a product's shard.
pub fn fnv1a32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(2_166_136_261, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv1a32_agrees_with_the_published_vectors() {
        // From the test vectors of the reference implementation.
        assert_eq!(fnv1a32(b""), 0x811c_9dc5);
        assert_eq!(fnv1a32(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a32(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn digest_is_sha256() {
        // FIPS 180-2, appendix B.1.
        let digest = Digest::of(b"abc");
        assert_eq!(digest.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.short(), "ba7816bf8f01cfea");
        assert_eq!(Digest::from_hex(&digest.hex()), Some(digest));
        assert_eq!(Digest::from_hex("ba78"), None);
    }
}
