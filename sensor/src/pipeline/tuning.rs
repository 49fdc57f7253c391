//! What may change while a run goes on: from whoever reads a configuration anew to the threads that tell sessions.
//!
//! They look once a batch, which costs them one load. What open sessions rely upon (timeouts, the memory, what tells flows apart)
//! does not change.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Plan;

/// The plan that holds now.
pub struct Tuning {
    plan: Mutex<Plan>,
    /// How often it was changed.
    changes: AtomicU64,
}

impl Tuning {
    /// Begins with a plan.
    pub fn new(plan: Plan) -> Self {
        Self { plan: Mutex::new(plan), changes: AtomicU64::new(0) }
    }

    /// Puts another plan in its place. Of it only what is told of sessions is taken over, and how.
    pub fn set(&self, plan: Plan) {
        *self.plan.lock().unwrap_or_else(PoisonError::into_inner) = plan;
        self.changes.fetch_add(1, Ordering::Release);
    }

    /// The plan, where it changed since it was last asked for; `seen` is the asker's, and begins with 0.
    pub(super) fn newer(&self, seen: &mut u64) -> Option<Plan> {
        let changes = self.changes.load(Ordering::Acquire);
        if changes == *seen {
            return None;
        }
        *seen = changes;
        Some(self.plan.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
