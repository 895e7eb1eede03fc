//! The rows of partitions, which come and go: the base layer and the refinement as layers of [`crate::ivf`].

use super::{Codes, value};
use crate::format::{FormatError, Reader};
use crate::ivf::Layer;

/// The base layer of codes.
pub struct BaseLayer<'a>(&'a mut Codes);

/// The refinement of codes.
pub struct RefinementLayer<'a>(&'a mut Codes);

impl Codes {
    /// The base layer, to load partitions into.
    pub fn base_layer(&mut self) -> BaseLayer<'_> {
        BaseLayer(self)
    }

    /// The refinement, to load partitions into.
    pub fn refinement_layer(&mut self) -> RefinementLayer<'_> {
        RefinementLayer(self)
    }
}

impl Layer for BaseLayer<'_> {
    fn load(&mut self, first: usize, items: &[u32], bytes: &[u8]) -> Result<usize, FormatError> {
        let BaseLayer(codes) = self;
        let mut reader = Reader::new(bytes);
        codes.base.read(first, items.len(), &mut reader)?;
        reader.finish()?;
        codes.scan.take(&codes.base, first);
        codes.derive_norms(first..first + items.len(), false);
        Ok(codes.base.memory(items.len()))
    }

    fn evict(&mut self) {
        self.0.base.clear();
        self.0.norms.clear();
        self.0.scan = Default::default();
    }
}

impl Layer for RefinementLayer<'_> {
    fn load(&mut self, first: usize, items: &[u32], bytes: &[u8]) -> Result<usize, FormatError> {
        let RefinementLayer(codes) = self;
        let refinement = codes.refinement.as_mut().ok_or_else(|| value("is of another catalogue"))?;
        let mut reader = Reader::new(bytes);
        refinement.layer.read(first, items.len(), &mut reader)?;
        reader.finish()?;
        let memory = refinement.layer.memory(items.len());
        codes.derive_norms(first..first + items.len(), true);
        Ok(memory)
    }

    fn evict(&mut self) {
        if let Some(refinement) = &mut self.0.refinement {
            refinement.layer.clear();
        }
    }
}
