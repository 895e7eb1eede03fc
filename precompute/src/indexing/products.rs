//! Which items are photos of one product: those of one stand together, its primary photo first.

use lookalike::attributes::Groups;

use super::duplicates;
use super::embed::Item;

/// The products that items are photos of.
pub struct Products {
    /// Of each item, the number of its product's first.
    first: Vec<u32>,
    count: usize,
}

impl Products {
    /// Of items in order of their products' ids.
    pub fn of(items: &[Item]) -> Products {
        let (mut first, mut count) = (Vec::with_capacity(items.len()), 0);
        for (number, item) in (0u32..).zip(items) {
            let same = first.last().copied().filter(|_| items[number as usize - 1].id == item.id);
            count += usize::from(same.is_none());
            first.push(same.unwrap_or(number));
        }
        Products { first, count }
    }

    /// How many products there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether a product has several photos.
    pub fn have_several_photos(&self) -> bool {
        self.count < self.first.len()
    }

    /// The first item of the product that `item` is a photo of.
    pub fn first(&self, item: usize) -> usize {
        self.first[item] as usize
    }

    /// The first item of each product.
    pub fn firsts(&self) -> impl Iterator<Item = usize> {
        (0..self.first.len()).filter(|item| self.first(*item) == *item)
    }

    /// `of_products`, one for each product, for each item.
    pub fn spread<Value: Clone>(&self, of_products: Vec<Value>) -> Vec<Value> {
        let mut of_products = of_products.into_iter();
        let mut spread: Vec<Value> = Vec::with_capacity(self.first.len());
        for item in 0..self.first.len() {
            let own = if self.first(item) == item { of_products.next() } else { spread.last().cloned() };
            spread.extend(own);
        }
        spread
    }

    /// `variants`, with the photos of one product in one group.
    pub fn grouped(&self, variants: Option<Groups>) -> Option<Groups> {
        if !self.have_several_photos() {
            return variants;
        }
        let sets: Vec<Vec<usize>> = (0..self.first.len()).map(|item| vec![self.first(item), item]).collect();
        Some(duplicates::folded(variants.as_ref(), &sets, self.first.len()))
    }
}
