//! Files and pipes that a client has open, what it does to them, and what passes through them.
//!
//! A file is *open* from its request on under a number of our own, because a compound request may use it before the server has
//! given it an id. What is told of a file is one item per name and thing done: `open` becomes `read`, `write`, `rename` or
//! `delete` where that follows; two of these on one name are two items. Names of pipes stay `open`: what runs through them is
//! another protocol.

use std::collections::VecDeque;

use crate::by_offset::ByOffset;
use crate::capped::{List, Text};
use crate::facts::{Facts, Value};
use crate::files::{Files, HashLimit};
use crate::protocol::Role;

use super::facts::{ACTION, ELEMENT, FILE, FILES, NEW_NAME};

/// The most files open at once; beyond it the one that was opened first is taken for closed.
const OPENS: usize = 128;

/// What was done to a file, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Open,
    Read,
    Write,
    Rename,
    Delete,
}

impl Action {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::Write => "write",
            Self::Rename => "rename",
            Self::Delete => "delete",
        }
    }
}

/// Which way content moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the server: a read.
    Down,
    /// To the server: a write.
    Up,
}

impl Way {
    /// Who sends content this way.
    pub const fn sender(self) -> Role {
        match self {
            Self::Down => Role::Server,
            Self::Up => Role::Client,
        }
    }
}

/// The share that a name lies in. Only compared.
pub type Tree = u32;

/// What a server says of a file that it has opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    /// The id under which requests name it.
    pub id: u128,
    /// Its length.
    pub end_of_file: u64,
    /// It was made, or emptied, by opening it.
    pub made: bool,
    /// It is a named pipe.
    pub pipe: bool,
}

#[derive(Debug)]
struct Item {
    tree: Tree,
    name: Text,
    action: Action,
    new_name: Text,
}

#[derive(Debug)]
struct Open {
    number: u32,
    id: Option<u128>,
    tree: Tree,
    name: Text,
    pipe: bool,
    end_of_file: u64,
    delete_on_close: bool,
    /// What was told of it already.
    told: Option<Action>,
    down: Option<Box<ByOffset>>,
    up: Option<Box<ByOffset>>,
}

impl Open {
    fn flow(&mut self, way: Way) -> &mut Option<Box<ByOffset>> {
        match way {
            Way::Down => &mut self.down,
            Way::Up => &mut self.up,
        }
    }
}

/// The open files of a session, and what is to be told of all files.
#[derive(Debug)]
pub struct Handles {
    opens: VecDeque<Open>,
    items: List<Item, FILES>,
    files: Files,
    hash: HashLimit,
    numbers: u32,
}

impl Handles {
    pub fn new(hash: HashLimit) -> Self {
        Self { opens: VecDeque::new(), items: List::default(), files: Files::default(), hash, numbers: 0 }
    }

    /// A request to open a file. Gives its number.
    pub fn ask(&mut self, tree: Tree, name: Text, pipe: bool, delete_on_close: bool) -> u32 {
        if self.opens.len() >= OPENS
            && let Some(oldest) = self.opens.pop_front()
        {
            self.finish(oldest);
        }
        self.numbers = self.numbers.wrapping_add(1);
        let number = self.numbers;
        self.opens.push_back(Open {
            number,
            id: None,
            tree,
            name,
            pipe,
            end_of_file: 0,
            delete_on_close,
            told: None,
            down: None,
            up: None,
        });
        number
    }

    /// The server has opened it.
    pub fn opened(&mut self, number: u32, opened: Opened) {
        // An id that is given anew was closed without our seeing it.
        if let Some(stale) = self.find(opened.id) {
            self.close(stale, None);
        }
        if let Some(open) = self.get(number) {
            open.id = Some(opened.id);
            open.end_of_file = opened.end_of_file;
            open.pipe |= opened.pipe;
            self.act(number, if opened.made { Action::Write } else { Action::Open });
        }
    }

    /// The server has not opened it.
    pub fn refused(&mut self, number: u32) {
        self.opens.retain(|open| open.number != number);
    }

    /// The number of the open file with this id.
    pub fn find(&self, id: u128) -> Option<u32> {
        self.opens.iter().rev().find(|open| open.id == Some(id)).map(|open| open.number)
    }

    /// Whether an open file is a named pipe.
    pub fn is_pipe(&self, number: u32) -> bool {
        self.opens.iter().rev().any(|open| open.number == number && open.pipe)
    }

    /// Something was done to an open file.
    pub fn act(&mut self, number: u32, action: Action) {
        let Some(open) = self.get(number) else {
            return;
        };
        let action = if open.pipe { Action::Open } else { action };
        if open.told == Some(action) {
            return;
        }
        open.told = Some(action);
        let (tree, name) = (open.tree, open.name.clone());
        self.tell(tree, name, action, Text::default());
    }

    /// Something was done to a file by its name.
    pub fn tell(&mut self, tree: Tree, name: Text, action: Action, new_name: Text) {
        if name.is_empty() {
            return;
        }
        let mut same = self.items.items_mut().iter_mut().filter(|item| item.tree == tree && item.name == name);
        if action == Action::Open {
            if same.next().is_some() {
                return;
            }
        } else {
            let mut weak = None;
            for item in same {
                if item.action == action && item.new_name == new_name {
                    return;
                }
                if item.action == Action::Open {
                    weak = Some(item);
                }
            }
            if let Some(item) = weak {
                item.action = action;
                item.new_name = new_name;
                return;
            }
        }
        self.items.push(Item { tree, name, action, new_name });
    }

    /// An open file has another name from now on.
    pub fn rename(&mut self, number: u32, to: Text) {
        let Some(open) = self.get(number) else {
            return;
        };
        let (tree, from) = (open.tree, std::mem::replace(&mut open.name, to.clone()));
        open.told = Some(Action::Rename);
        self.tell(tree, from, Action::Rename, to);
    }

    /// An open file will be deleted, or not, once it is closed.
    pub fn delete_on_close(&mut self, number: u32, delete: bool) {
        if let Some(open) = self.get(number) {
            open.delete_on_close = delete;
        }
    }

    /// The length of an open file was set.
    pub fn resized(&mut self, number: u32, end_of_file: u64) {
        if let Some(open) = self.get(number) {
            open.end_of_file = end_of_file;
            self.act(number, Action::Write);
        }
    }

    /// `length` bytes of content at `offset` are about to pass. Tells whether they are wanted.
    pub fn begin(&mut self, number: u32, way: Way, offset: u64, length: u64) -> bool {
        let hash = self.hash;
        let Some(open) = self.get(number).filter(|open| !open.pipe && length > 0) else {
            return false;
        };
        if way == Way::Up {
            open.end_of_file = open.end_of_file.max(offset.saturating_add(length));
        }
        let flow = open.flow(way).get_or_insert_with(|| Box::new(ByOffset::new(hash)));
        flow.begin(offset, length, way == Way::Up);
        true
    }

    /// The next bytes of the content announced by [`Self::begin`].
    pub fn content(&mut self, number: u32, way: Way, bytes: &[u8]) {
        if let Some(flow) = self.get(number).and_then(|open| open.flow(way).as_mut()) {
            flow.data(bytes);
        }
    }

    /// So many bytes of content were not seen.
    pub fn missed(&mut self, number: u32, way: Way, bytes: u64) {
        if let Some(flow) = self.get(number).and_then(|open| open.flow(way).as_mut()) {
            flow.missed(bytes);
        }
    }

    /// What was written did not arrive in the file.
    pub fn write_failed(&mut self, number: u32) {
        if let Some(flow) = self.get(number).and_then(|open| open.up.as_mut()) {
            flow.failed();
        }
    }

    /// The file was closed; the server may have told its length.
    pub fn close(&mut self, number: u32, end_of_file: Option<u64>) {
        let at = self.opens.iter().position(|open| open.number == number);
        if let Some(mut open) = at.and_then(|at| self.opens.remove(at)) {
            if let Some(end_of_file) = end_of_file {
                open.end_of_file = end_of_file;
            }
            self.finish(open);
        }
    }

    /// The session is over: whatever is open is closed.
    pub fn flush(&mut self) {
        while let Some(open) = self.opens.pop_front() {
            if open.id.is_some() {
                self.finish(open);
            }
        }
    }

    /// Names that were asked for and never answered: all that a session has whose server was not seen.
    pub fn unanswered_are_told(&mut self) {
        while let Some(open) = self.opens.pop_front() {
            self.tell(open.tree, open.name, Action::Open, Text::default());
        }
    }

    /// Writes the files' part of `smb`, and `file`.
    pub fn facts(&self, out: &mut Facts) {
        let (items, omitted) = (self.items.items(), self.items.omitted());
        if !items.is_empty() {
            let mut element = out.element(&ELEMENT);
            element.list(&FILE, items.iter().map(|item| &item.name), omitted);
            for item in items {
                element.value(&ACTION, Value::Plain(item.action.name()));
            }
            if items.iter().any(|item| !item.new_name.is_empty()) {
                element.list(&NEW_NAME, items.iter().map(|item| &item.new_name), omitted);
            }
        }
        self.files.facts(out);
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let items = self.items.items().iter();
        let opens = self.opens.iter();
        let flow =
            |flow: &Option<Box<ByOffset>>| flow.as_ref().map_or(0, |flow| size_of::<ByOffset>() + flow.heap_bytes());
        items.map(|item| size_of::<Item>() + item.name.heap_bytes() + item.new_name.heap_bytes()).sum::<usize>()
            + opens
                .map(|open| size_of::<Open>() + open.name.heap_bytes() + flow(&open.down) + flow(&open.up))
                .sum::<usize>()
            + self.files.heap_bytes()
    }

    fn get(&mut self, number: u32) -> Option<&mut Open> {
        self.opens.iter_mut().rev().find(|open| open.number == number)
    }

    fn finish(&mut self, mut open: Open) {
        for (way, sender) in [(Way::Down, Role::Server), (Way::Up, Role::Client)] {
            if let Some(flow) = open.flow(way).take().filter(|flow| flow.size() > 0) {
                let whole = flow.whole_to() == Some(open.end_of_file);
                self.files.push(open.name.clone(), sender, flow.finish(), whole);
            }
        }
        if open.delete_on_close && !open.pipe {
            self.tell(open.tree, open.name, Action::Delete, Text::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn handles(end_of_file: u64) -> (Handles, u32) {
        let mut handles = Handles::new(HashLimit::ALL);
        let number = handles.ask(1, Text::new(b"x"), false, false);
        handles.opened(number, Opened { id: 7, end_of_file, made: false, pipe: false });
        (handles, number)
    }

    fn told(handles: &Handles) -> String {
        let mut facts = Facts::new();
        handles.facts(&mut facts);
        facts.values().map(|(_, field, value)| format!("{}={value:?} ", field.name)).collect()
    }

    fn pass(handles: &mut Handles, number: u32, way: Way, pieces: &[(u64, &[u8])]) -> bool {
        for (offset, bytes) in pieces {
            handles.begin(number, way, *offset, bytes.len() as u64);
            handles.content(number, way, bytes);
        }
        handles.close(number, None);
        told(handles).contains(&format!("{:?}", Value::Bytes(ABC.as_bytes())))
    }

    #[test]
    fn a_file_read_in_order_to_its_end_has_a_hash_and_no_other() {
        let read = |end, pieces: &[(u64, &[u8])]| {
            let (mut handles, number) = handles(end);
            pass(&mut handles, number, Way::Down, pieces)
        };
        assert!(read(3, &[(0, b"ab"), (2, b"c")]));
        assert!(read(3, &[(0, b"a"), (0, b"ab"), (1, b"bc")]), "read again");
        assert!(!read(4, &[(0, b"abc")]), "not to its end");
        assert!(!read(3, &[(2, b"c"), (0, b"ab")]), "out of order");
        assert!(!read(3, &[(1, b"bc")]), "not from its beginning");
    }

    #[test]
    fn a_file_written_over_what_was_written_has_no_hash() {
        let write = |end, pieces: &[(u64, &[u8])]| {
            let (mut handles, number) = handles(end);
            pass(&mut handles, number, Way::Up, pieces)
        };
        assert!(write(0, &[(0, b"ab"), (2, b"c")]));
        assert!(!write(0, &[(0, b"abc"), (0, b"x")]));
        assert!(!write(9, &[(0, b"abc")]), "more stood behind it");
    }

    #[test]
    fn the_strongest_action_stays_and_two_are_two_items() {
        let (mut handles, number) = handles(3);
        handles.act(number, Action::Read);
        handles.act(number, Action::Write);
        handles.act(number, Action::Read);
        handles.delete_on_close(number, true);
        handles.close(number, None);
        let actions: Vec<_> = handles.items.items().iter().map(|item| item.action).collect();
        assert_eq!(actions, [Action::Read, Action::Write, Action::Delete]);
    }

    #[test]
    fn open_files_and_items_are_bounded() {
        let mut handles = Handles::new(HashLimit::ALL);
        for at in 0..1000u32 {
            let number = handles.ask(1, Text::new(format!("{at}").as_bytes()), false, false);
            handles.opened(number, Opened { id: at.into(), end_of_file: 0, made: false, pipe: false });
        }
        assert_eq!((handles.opens.len(), handles.items.items().len()), (OPENS, FILES));
        assert_eq!(handles.items.omitted() as usize, 1000 - FILES);
    }
}
