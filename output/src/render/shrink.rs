//! What a line gives up where it is longer than its limit, in a fixed order, each step measured:
//!
//! 1. the sentence, which only repeats what the elements say;
//! 2. items from the end of the list that takes the most bytes, down to one; aligned lists of one element go together;
//! 3. values over 512 bytes, then 256, then 128, the longest first, shortened to that;
//! 4. whole parameters, the longest first, where that gains more than telling it costs;
//! 5. whole elements, from the last;
//! 6. only then the session's own: what is not in [`MAINSTAY`] from its end, then that list from its end.
//!
//! Steps 2 to 5 never touch `session`. Everything taken is told in `session.cut`, except the sentence: items of a list that are
//! missing or shortened, bytes of a value, and for steps 5 and 6 the number of parameters, as `http:17`.

use dissectors::dictionary::{Element, Field, Shape, session};

use super::sheet::{NONE, Sheet};

/// What remains of a session the longest, the most important first.
static MAINSTAY: &[&Field] = &[
    &session::ID,
    &session::START,
    &session::DURATION,
    &session::TRANSPORT,
    &session::APP,
    &session::SRC,
    &session::SRC_PORT,
    &session::DST,
    &session::DST_PORT,
    &session::SRC_BYTES,
    &session::DST_BYTES,
    &session::SRC_PKTS,
    &session::DST_PKTS,
    &session::END,
    &session::STATE,
    &session::FLAGS,
    &session::ENCRYPTED,
    &session::USER,
    &session::PARENT,
    &session::CID,
];

/// The lengths to which values are shortened, in escaped bytes. Hashes and addresses are shorter than the last: half of one is none.
const LEVELS: [usize; 3] = [512, 256, 128];

/// Takes away until elements and sentence fit into `room` bytes. `sentence` is how many the sentence takes with its syntax.
/// Tells whether the sentence may stay, and whether anything was taken.
pub(super) fn fit(sheet: &mut Sheet, sentence: usize, room: usize) -> Fit {
    if sheet.bound().is_some_and(|most| most.saturating_add(sentence) <= room) {
        return Fit { sentence: true, cut: false };
    }
    let mut size = sheet.size();
    if size.saturating_add(sentence) <= room {
        return Fit { sentence: true, cut: false };
    }
    sheet.begin_to_omit();
    let steps = [lists, values, params, elements, session_params];
    for step in steps {
        if size <= room {
            break;
        }
        step(sheet, room);
        size = sheet.size();
    }
    if size > room {
        let lost = sheet.slots.iter().map(|slot| slot.dropped).sum();
        sheet.lost = Some(lost);
    }
    Fit { sentence: false, cut: true }
}

/// What became of a line.
pub(super) struct Fit {
    pub sentence: bool,
    pub cut: bool,
}

/// Lists that shrink together: one plain list, or all aligned ones of an element.
struct Group {
    slot: usize,
    /// The list, or none for the aligned ones.
    list: Option<usize>,
}

fn lists(sheet: &mut Sheet, room: usize) {
    let mut groups: Vec<Group> = Vec::new();
    for (slot, param) in outside_session(sheet) {
        let aligned = match sheet.params.get(param).map(|param| param.field.shape) {
            Some(Shape::List) => false,
            Some(Shape::Aligned) => true,
            _ => continue,
        };
        let list = (!aligned).then_some(param);
        if !groups.iter().any(|group| group.slot == slot && group.list == list) {
            groups.push(Group { slot, list });
        }
    }
    while sheet.size() > room {
        // Of equals the first.
        let gains = groups.iter().map(|group| gain(sheet, group));
        let Some((at, _)) =
            gains.enumerate().filter(|(_, gain)| *gain > 0).max_by_key(|(at, gain)| (*gain, usize::MAX - at))
        else {
            break;
        };
        let Some(group) = groups.get(at) else { break };
        let members = members(sheet, group);
        let height =
            members.iter().filter_map(|param| sheet.params.get(*param)).map(|param| param.kept).max().unwrap_or(0);
        for param in members {
            if sheet.params.get(param).is_some_and(|param| param.kept == height) {
                sheet.pop(param);
            }
        }
    }
}

/// How many bytes a group gives where it is shrunk to one item each, less what telling so costs.
fn gain(sheet: &Sheet, group: &Group) -> usize {
    let (mut gives, mut costs) = (0, 0);
    for at in members(sheet, group) {
        let Some(param) = sheet.params.get(at).filter(|param| param.kept > 1) else { continue };
        let first = if param.first == NONE { 0 } else { sheet.item_size(param.first) };
        gives += sheet.param_size(param).saturating_sub(sheet.syntax.param_len(param.field) + first);
        if param.omitted == 0 {
            let element = sheet.slots.get(group.slot).map_or("", |slot| slot.element.name);
            costs += 1 + sheet.syntax.cut_entry_len(element, Some(param.field), param.kept as u64);
        }
    }
    gives.saturating_sub(costs)
}

fn members(sheet: &Sheet, group: &Group) -> Vec<usize> {
    match group.list {
        Some(list) => vec![list],
        None => chain(sheet, group.slot)
            .into_iter()
            .filter(|param| sheet.params.get(*param).is_some_and(|param| param.field.shape == Shape::Aligned))
            .collect(),
    }
}

fn values(sheet: &mut Sheet, room: usize) {
    for level in LEVELS {
        let mut long: Vec<(usize, usize, usize)> = Vec::new();
        for (_, param) in outside_session(sheet) {
            let kept = sheet.params.get(param).map_or(0, |param| param.kept);
            for item in (0..kept).filter_map(|place| sheet.nth(param, place)) {
                match sheet.items.get(item) {
                    Some(known) if known.is_text() && known.end - known.start > level => {
                        long.push((known.end - known.start, param, item));
                    }
                    _ => {}
                }
            }
        }
        long.sort_by_key(|&(bytes, _, item)| (std::cmp::Reverse(bytes), item));
        for (_, param, item) in long {
            if sheet.size() <= room {
                return;
            }
            sheet.shorten(param, item, level);
        }
    }
}

fn params(sheet: &mut Sheet, room: usize) {
    let mut all: Vec<(usize, usize)> = outside_session(sheet)
        .into_iter()
        .filter_map(|(slot, at)| {
            let (slot, param) = (sheet.slots.get(slot)?, sheet.params.get(at)?);
            let costs = if param.omitted == 0 {
                1 + sheet.syntax.cut_entry_len(slot.element.name, Some(param.field), u64::from(u16::MAX))
            } else {
                0
            };
            let bytes = sheet.param_size(param);
            (bytes > costs).then_some((bytes, at))
        })
        .collect();
    all.sort_by_key(|&(bytes, at)| (std::cmp::Reverse(bytes), at));
    for (_, param) in all {
        if sheet.size() <= room {
            return;
        }
        sheet.remove(param);
    }
}

fn elements(sheet: &mut Sheet, room: usize) {
    for slot in sheet.order().rev().collect::<Vec<_>>() {
        if sheet.size() <= room {
            return;
        }
        if !is_session(sheet, slot) {
            for param in chain(sheet, slot) {
                sheet.forget(slot, param);
            }
        }
    }
}

fn session_params(sheet: &mut Sheet, room: usize) {
    let Some(slot) = sheet.order().find(|slot| is_session(sheet, *slot)) else {
        return;
    };
    let mut order: Vec<(usize, usize)> = chain(sheet, slot)
        .into_iter()
        .enumerate()
        .filter_map(|(place, at)| {
            let field = sheet.params.get(at)?.field;
            let rank = MAINSTAY.iter().position(|known| std::ptr::eq(*known, field));
            Some((rank.unwrap_or(MAINSTAY.len() + place), at))
        })
        .collect();
    order.sort_unstable();
    for (_, param) in order.into_iter().rev() {
        if sheet.size() <= room {
            return;
        }
        sheet.forget(slot, param);
    }
}

/// Every element and parameter that is told, but for the session's, in the order of the line.
fn outside_session(sheet: &Sheet) -> Vec<(usize, usize)> {
    let told = |param: &usize| sheet.params.get(*param).is_some_and(|param| sheet.param_size(param) > 0);
    sheet
        .order()
        .filter(|slot| !is_session(sheet, *slot))
        .flat_map(|slot| chain(sheet, slot).into_iter().filter(told).map(move |param| (slot, param)))
        .collect()
}

fn chain(sheet: &Sheet, slot: usize) -> Vec<usize> {
    let first = sheet.slots.get(slot).map_or(NONE, |slot| slot.first);
    let next = |at: &usize| sheet.params.get(*at).map(|param| param.next).filter(|next| *next != NONE);
    std::iter::successors((first != NONE).then_some(first), next).collect()
}

fn is_session(sheet: &Sheet, slot: usize) -> bool {
    let element: Option<&'static Element> = sheet.slots.get(slot).map(|slot| slot.element);
    element.is_some_and(|element| std::ptr::eq(element, &session::ELEMENT))
}
