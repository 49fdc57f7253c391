//! The parameters of one line, escaped and capped, before it is known whether they fit.
//!
//! Values are written once, with the syntax around them, into a draft; beside it stands where each parameter and each item of a
//! list is. A line that fits, which is nearly every one, is copied from the draft in a few large pieces. A line that does not is
//! shortened by saying of parameters how many items they keep and of items where they end, and is put together from the pieces
//! that remain. Elements and parameters that are taken up again later are chained to what they continue, so an SD-ID stands once
//! in a line and a parameter once in an element, whatever order the facts came in.

use dissectors::dictionary::{Element, Field, Shape, session};
use dissectors::facts::Value;

use super::sentence::Telling;
use super::syntax::Syntax;
use crate::escape::{self, Comma};
use crate::record::Format;
use crate::value;

/// The end of a chain: no index is so large.
pub(super) const NONE: usize = usize::MAX;

/// One element of the line.
#[derive(Debug)]
pub(super) struct Slot {
    pub element: &'static Element,
    /// Which parameters it may hold already, a bit for each hash of a field's address.
    seen: u64,
    /// Its chain of parameters.
    pub first: usize,
    last: usize,
    /// Parameters that were dropped together with their names; told as one number.
    pub dropped: u64,
}

/// One parameter of an element.
#[derive(Debug)]
pub(super) struct Param {
    pub field: &'static Field,
    /// Its place in the draft, syntax included.
    start: usize,
    end: usize,
    /// Whether that place holds the parameter as it shall look.
    whole: bool,
    /// Its chain of items; the first `kept` of them are told.
    pub first: usize,
    last: usize,
    count: usize,
    pub kept: usize,
    /// How many of the kept items are not empty.
    filled: usize,
    /// Bytes of the kept items, with what stands around each but without the commas between them.
    bytes: usize,
    /// Items (of a list) or bytes (of a value) that are left out.
    pub omitted: u64,
    /// The next parameter of the element.
    pub next: usize,
}

/// One value, or one item of a list: the place of its escaped form in the draft.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub start: usize,
    pub end: usize,
    /// The next item of the list.
    pub next: usize,
    /// How JSON writes it.
    kind: ItemKind,
    /// Whether the end of it is missing, which counts once.
    pub shortened: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ItemKind {
    Empty,
    Bare,
    Text,
}

/// The draft of a line. Made to be used again.
#[derive(Debug)]
pub(super) struct Sheet {
    pub syntax: Syntax,
    pub draft: Vec<u8>,
    pub slots: Vec<Slot>,
    pub params: Vec<Param>,
    pub items: Vec<Item>,
    /// The parameter whose closing syntax is still to be written.
    open: usize,
    /// Whether anything may be left out.
    omits: bool,
    /// Set where not even a list of what is missing fits: so many parameters were dropped.
    pub lost: Option<u64>,
}

impl Sheet {
    pub fn new(syntax: Syntax) -> Self {
        Self {
            syntax,
            draft: Vec::new(),
            slots: Vec::new(),
            params: Vec::new(),
            items: Vec::new(),
            open: NONE,
            omits: false,
            lost: None,
        }
    }

    pub fn clear(&mut self) {
        self.draft.clear();
        self.slots.clear();
        self.params.clear();
        self.items.clear();
        self.open = NONE;
        self.omits = false;
        self.lost = None;
    }

    /// Writes a value: a parameter of its own, or the next item of its list. Of a single-valued field the first value stays.
    pub fn lay(&mut self, element: &'static Element, field: &'static Field, value: &Value<'_>) {
        let empty = matches!(value, Value::Bytes([]) | Value::Plain(""));
        if empty && field.shape != Shape::Aligned {
            return;
        }
        if let Some(param) = self.params.get(self.open)
            && std::ptr::eq(param.field, field)
            && self.slots.last().is_some_and(|slot| std::ptr::eq(slot.element, element))
        {
            if field.shape != Shape::One {
                self.item(self.open, value, true);
            }
            return;
        }
        self.finish();
        let slot = self.slot(element);
        let known = self.find(slot, field);
        if known == NONE {
            let param = self.param(slot, field);
            self.syntax.open_param(field, &mut self.draft);
            self.item(param, value, true);
            // Only the parameter that was begun last in the last element is gone on with in place.
            if slot + 1 == self.slots.len() {
                self.open = param;
            } else {
                self.close(param);
            }
        } else if field.shape != Shape::One || self.params.get(known).is_some_and(|param| param.count == 0) {
            self.item(known, value, false);
        }
    }

    /// Counts what was left out of a field before it came here.
    pub fn omitted(&mut self, element: &'static Element, field: &'static Field, count: u64) {
        self.omits = true;
        self.finish();
        let slot = self.slot(element);
        let mut param = self.find(slot, field);
        if param == NONE {
            param = self.param(slot, field);
            if let Some(param) = self.params.get_mut(param) {
                param.whole = false;
            }
        }
        if let Some(param) = self.params.get_mut(param) {
            param.omitted = param.omitted.saturating_add(count);
        }
    }

    /// Ends the parameter that is being written. To be called before anything is measured or told.
    pub fn finish(&mut self) {
        if self.open != NONE {
            self.close(self.open);
            self.open = NONE;
        }
    }

    /// The place of an element, which is made where there is none yet.
    fn slot(&mut self, element: &'static Element) -> usize {
        let last = self.slots.len().wrapping_sub(1);
        if self.slots.last().is_some_and(|slot| std::ptr::eq(slot.element, element)) {
            return last;
        }
        self.slots.iter().position(|slot| slot.element.name == element.name).unwrap_or_else(|| {
            self.slots.push(Slot { element, seen: 0, first: NONE, last: NONE, dropped: 0 });
            last.wrapping_add(1)
        })
    }

    /// The parameter of an element that holds a field, or [`NONE`].
    pub fn find(&self, slot: usize, field: &'static Field) -> usize {
        let Some(slot) = self.slots.get(slot) else {
            return NONE;
        };
        let mut at = if slot.seen & bit(field) == 0 { NONE } else { slot.first };
        while let Some(param) = self.params.get(at) {
            if std::ptr::eq(param.field, field) {
                break;
            }
            at = param.next;
        }
        at
    }

    fn param(&mut self, slot: usize, field: &'static Field) -> usize {
        let at = self.params.len();
        let start = self.draft.len();
        let nothing = Param {
            field,
            start,
            end: start,
            whole: true,
            first: NONE,
            last: NONE,
            count: 0,
            kept: 0,
            filled: 0,
            bytes: 0,
            omitted: 0,
            next: NONE,
        };
        self.params.push(nothing);
        if let Some(slot) = self.slots.get_mut(slot) {
            slot.seen |= bit(field);
            match self.params.get_mut(slot.last) {
                Some(before) => before.next = at,
                None => slot.first = at,
            }
            slot.last = at;
        }
        at
    }

    /// Adds a value to a parameter; `in_place` where its syntax in the draft goes on.
    fn item(&mut self, param: usize, value: &Value<'_>, in_place: bool) {
        let Some(param) = self.params.get_mut(param) else {
            return;
        };
        let list = param.field.shape != Shape::One;
        if list && param.count >= param.field.items.max(1) {
            param.omitted = param.omitted.saturating_add(1);
            self.omits = true;
            return;
        }
        if in_place && param.count > 0 {
            self.draft.push(b',');
        }
        param.whole &= in_place;
        let (value, shortened) = match *value {
            Value::Bytes(bytes) => {
                let kept = escape::head(bytes, param.field.cap);
                let left = bytes.len().saturating_sub(kept.len()) as u64;
                param.omitted = param.omitted.saturating_add(if list { left.min(1) } else { left });
                self.omits |= left > 0;
                (Value::Bytes(kept), left > 0)
            }
            other => (other, false),
        };
        let kind = match value {
            Value::Bytes([]) | Value::Plain("") => ItemKind::Empty,
            Value::Number(_) | Value::Seconds(_) | Value::Milliseconds(_) => ItemKind::Bare,
            Value::Pair(..) | Value::YesNo(_) if self.syntax.format == Format::Json => ItemKind::Bare,
            _ => ItemKind::Text,
        };
        self.syntax.before_item(kind == ItemKind::Text, kind == ItemKind::Empty, &mut self.draft);
        let start = self.draft.len();
        self.syntax.value(&value, list, &mut self.draft);
        let end = self.draft.len();
        self.syntax.after_item(kind == ItemKind::Text, &mut self.draft);

        let item = Item { start, end, next: NONE, kind, shortened };
        let at = self.items.len();
        self.items.push(item);
        match self.items.get_mut(param.last) {
            Some(before) => before.next = at,
            None => param.first = at,
        }
        param.last = at;
        param.count += 1;
        param.kept += 1;
        param.filled += usize::from(kind != ItemKind::Empty);
        param.bytes += self.syntax.item_len(&item);
    }

    fn close(&mut self, param: usize) {
        if let Some(param) = self.params.get_mut(param) {
            self.syntax.close_param(param.field, &mut self.draft);
            param.end = self.draft.len();
        }
    }

    // What is told, and how long it is.

    /// The elements in the order of the line: the session's own first.
    pub fn order(&self) -> impl DoubleEndedIterator<Item = usize> + use<> {
        let session = self.slots.iter().position(|slot| std::ptr::eq(slot.element, &session::ELEMENT));
        session.into_iter().chain((0..self.slots.len()).filter(move |at| Some(*at) != session))
    }

    /// The parameters of an element that are told, in order.
    pub fn visible(&self, slot: usize) -> impl Iterator<Item = &Param> {
        self.chain(slot).filter(|param| param.filled > 0)
    }

    /// The parameters of an element, in order, told or not.
    pub fn chain(&self, slot: usize) -> impl Iterator<Item = &Param> {
        let first = self.slots.get(slot).and_then(|slot| self.params.get(slot.first));
        std::iter::successors(first, |param| self.params.get(param.next))
    }

    /// What is left out: element, parameter (none: parameters of the element) and how much.
    pub fn cuts(&self) -> impl Iterator<Item = (&'static str, Option<&'static Field>, u64)> {
        self.order().filter_map(|at| Some((at, self.slots.get(at)?))).flat_map(|(at, slot)| {
            let whole = (slot.dropped > 0).then_some((slot.element.name, None, slot.dropped));
            let params = self.chain(at).filter(|param| param.omitted > 0);
            whole.into_iter().chain(params.map(|param| (slot.element.name, Some(param.field), param.omitted)))
        })
    }

    /// The most bytes that all elements can take, found without looking at each: the whole draft, a comma for each item, and elements.
    pub fn bound(&self) -> Option<usize> {
        let elements: usize = self.slots.iter().map(|slot| self.syntax.element_len(slot.element)).sum();
        (!self.omits).then_some(self.draft.len() + self.items.len() + elements + self.syntax.nil().len())
    }

    /// Bytes of all elements as [`Sheet::write`] writes them.
    pub fn size(&self) -> usize {
        if self.lost.is_some() {
            let mut out = Vec::new();
            self.write(&mut out);
            return out.len();
        }
        let cut = self.cut_size();
        let mut size = 0;
        let mut session = false;
        for at in self.order() {
            let Some(slot) = self.slots.get(at) else { continue };
            let mut params: usize = self.visible(at).map(|param| self.param_size(param)).sum();
            if std::ptr::eq(slot.element, &session::ELEMENT) {
                (session, params) = (true, params + cut);
            }
            if params > 0 {
                size += params + self.syntax.element_len(slot.element);
            }
        }
        if !session && cut > 0 {
            size += cut + self.syntax.element_len(&session::ELEMENT);
        }
        if size == 0 { self.syntax.nil().len() } else { size }
    }

    /// Bytes of a parameter with its syntax.
    pub fn param_size(&self, param: &Param) -> usize {
        if param.filled == 0 { 0 } else { self.syntax.param_len(param.field) + param.bytes + param.kept - 1 }
    }

    fn cut_size(&self) -> usize {
        if !self.omits {
            return 0;
        }
        let (entries, bytes) = self.cuts().fold((0, 0), |(entries, bytes), (element, field, count)| {
            (entries + 1, bytes + self.syntax.cut_entry_len(element, field, count))
        });
        if entries == 0 { 0 } else { self.syntax.param_len(&session::CUT) + bytes + entries - 1 }
    }

    // Taking away.

    /// To be called before anything is taken away: from now on what is left out is looked for.
    pub fn begin_to_omit(&mut self) {
        self.omits = true;
    }

    /// Takes the last kept item from a list.
    pub fn pop(&mut self, param: usize) {
        let Some(kept) = self.params.get(param).and_then(|param| param.kept.checked_sub(1)) else {
            return;
        };
        let item = self.nth(param, kept).and_then(|at| self.items.get(at)).copied();
        let (Some(item), Some(param)) = (item, self.params.get_mut(param)) else {
            return;
        };
        param.whole = false;
        param.kept = kept;
        param.bytes = param.bytes.saturating_sub(self.syntax.item_len(&item));
        param.filled = param.filled.saturating_sub(usize::from(item.kind != ItemKind::Empty));
        // An item that was cut short has counted before.
        param.omitted = param.omitted.saturating_add(u64::from(!item.shortened));
    }

    /// Shortens an item of text to at most `cap` escaped bytes.
    pub fn shorten(&mut self, param: usize, item: usize, cap: usize) {
        let (Some(param), Some(item)) = (self.params.get_mut(param), self.items.get_mut(item)) else {
            return;
        };
        let Some(escaped) = self.draft.get(item.start..item.end) else {
            return;
        };
        let kept = escape::encoded_head(escaped, cap);
        let gone = escaped.len().saturating_sub(kept.len());
        let bytes = escape::decoded_len(escaped).saturating_sub(escape::decoded_len(kept)) as u64;
        param.whole = false;
        param.bytes = param.bytes.saturating_sub(gone);
        param.omitted = param.omitted.saturating_add(match param.field.shape {
            Shape::One => bytes,
            Shape::List | Shape::Aligned => u64::from(!item.shortened),
        });
        item.end = item.end.saturating_sub(gone);
        item.shortened = true;
    }

    /// Takes a whole parameter away, and counts what it told.
    pub fn remove(&mut self, param: usize) {
        if let Some(known) = self.params.get(param)
            && known.field.shape == Shape::One
            && let Some(item) = self.items.get(known.first)
        {
            let told = self.draft.get(item.start..item.end).unwrap_or_default();
            let bytes = escape::decoded_len(told) as u64;
            if let Some(param) = self.params.get_mut(param) {
                (param.kept, param.filled, param.bytes, param.whole) = (0, 0, 0, false);
                param.omitted = param.omitted.saturating_add(bytes);
            }
            return;
        }
        while self.params.get(param).is_some_and(|param| param.kept > 0) {
            self.pop(param);
        }
    }

    /// Takes a parameter away and counts it with its element.
    pub fn forget(&mut self, slot: usize, param: usize) {
        if let (Some(slot), Some(param)) = (self.slots.get_mut(slot), self.params.get_mut(param)) {
            slot.dropped += u64::from(param.filled > 0 || param.omitted > 0);
            (param.kept, param.filled, param.bytes, param.whole, param.omitted) = (0, 0, 0, false, 0);
        }
    }

    /// The index of an item by its place in the list.
    pub fn nth(&self, param: usize, place: usize) -> Option<usize> {
        let first = self.params.get(param)?.first;
        let next = |at: &usize| self.items.get(*at).map(|item| item.next).filter(|next| *next != NONE);
        std::iter::successors((first != NONE).then_some(first), next).nth(place)
    }

    /// The kept items of a parameter.
    pub fn kept(&self, param: &Param) -> impl Iterator<Item = &Item> {
        std::iter::successors(self.items.get(param.first), |item| self.items.get(item.next)).take(param.kept)
    }

    /// Bytes of an item with what stands around it.
    pub fn item_size(&self, item: usize) -> usize {
        self.items.get(item).map_or(0, |item| self.syntax.item_len(item))
    }

    // Telling.

    /// Appends the elements that are told.
    pub fn write(&self, out: &mut Vec<u8>) {
        let before = out.len();
        if let Some(lost) = self.lost {
            self.syntax.open_element(&session::ELEMENT, out);
            self.write_cut(std::iter::once(("line", None, lost)), &mut true, out);
            self.syntax.close_element(out);
            return;
        }
        let mut cut_told = false;
        for at in self.order() {
            let Some(slot) = self.slots.get(at) else { continue };
            let session = std::ptr::eq(slot.element, &session::ELEMENT);
            self.write_element(at, slot.element, session, out);
            cut_told |= session;
        }
        if !cut_told && self.omits && self.cuts().next().is_some() {
            self.write_element(NONE, &session::ELEMENT, true, out);
        }
        if out.len() == before {
            out.extend_from_slice(self.syntax.nil());
        }
    }

    fn write_element(&self, slot: usize, element: &'static Element, cut: bool, out: &mut Vec<u8>) {
        let before = out.len();
        self.syntax.open_element(element, out);
        let opened = out.len();
        let mut first = true;
        // Neighbours in the draft are copied together.
        let mut run = 0..0;
        for param in self.visible(slot) {
            if param.whole {
                let start = self.syntax.skip(&mut first, param.start);
                if run.end == start {
                    run.end = param.end;
                    continue;
                }
                self.copy(&run, out);
                run = start..param.end;
            } else {
                self.copy(&run, out);
                run = 0..0;
                self.write_param(param, &mut first, out);
            }
        }
        self.copy(&run, out);
        if cut && self.omits {
            self.write_cut(self.cuts(), &mut first, out);
        }
        if out.len() == opened {
            out.truncate(before);
        } else {
            self.syntax.close_element(out);
        }
    }

    fn write_param(&self, param: &Param, first: &mut bool, out: &mut Vec<u8>) {
        self.syntax.open_next_param(param.field, first, out);
        for (place, item) in self.kept(param).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            let (text, empty) = (item.kind == ItemKind::Text, item.kind == ItemKind::Empty);
            self.syntax.before_item(text, empty, out);
            self.copy(&(item.start..item.end), out);
            self.syntax.after_item(text, out);
        }
        self.syntax.close_param(param.field, out);
    }

    fn write_cut(
        &self,
        cuts: impl Iterator<Item = (&'static str, Option<&'static Field>, u64)>,
        first: &mut bool,
        out: &mut Vec<u8>,
    ) {
        let mut cuts = cuts.peekable();
        if cuts.peek().is_none() {
            return;
        }
        self.syntax.open_next_param(&session::CUT, first, out);
        for (place, (element, field, count)) in cuts.enumerate() {
            if place > 0 {
                out.push(b',');
            }
            self.syntax.before_item(true, false, out);
            out.extend_from_slice(element.as_bytes());
            if let Some(field) = field {
                out.push(b'.');
                out.extend_from_slice(field.name.as_bytes());
            }
            out.push(b':');
            value::number(count, out);
            self.syntax.after_item(true, out);
        }
        self.syntax.close_param(&session::CUT, out);
    }

    fn copy(&self, range: &std::ops::Range<usize>, out: &mut Vec<u8>) {
        out.extend_from_slice(self.draft.get(range.clone()).unwrap_or_default());
    }

    /// The escaped form of the first item of a parameter.
    pub fn first_item(&self, param: &Param) -> &[u8] {
        self.items.get(param.first).and_then(|item| self.draft.get(item.start..item.end)).unwrap_or_default()
    }
}

impl Telling for Sheet {
    fn elements(&self) -> impl Iterator<Item = &'static Element> {
        self.order().filter_map(|at| self.slots.get(at)).map(|slot| slot.element)
    }

    fn first_value(&self, element: &'static Element, field: &'static Field) -> &[u8] {
        let slot = self.slots.iter().position(|slot| std::ptr::eq(slot.element, element)).unwrap_or(NONE);
        self.params.get(self.find(slot, field)).map_or(&[], |param| self.first_item(param))
    }
}

impl Item {
    /// Whether the item is text that may be shortened.
    pub fn is_text(&self) -> bool {
        self.kind == ItemKind::Text
    }

    /// Whether nothing is known here.
    pub fn is_empty(&self) -> bool {
        self.kind == ItemKind::Empty
    }
}

/// A comma is escaped only where it separates items without quotation marks of their own.
pub(super) fn comma(format: Format, list: bool) -> Comma {
    if list && format == Format::Rfc5424 { Comma::Escaped } else { Comma::Plain }
}

/// A field's place in [`Slot::seen`]. Fields lie side by side in memory, so their addresses spread well.
pub(super) fn bit(field: &'static Field) -> u64 {
    let address = std::ptr::from_ref(field) as usize as u64;
    1 << ((address >> 3).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}
