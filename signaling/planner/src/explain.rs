//! stub
use crate::instance::Instance;
use crate::model::Model;
use crate::plan::Unserved;
use crate::solve::Control;
use crate::state::State;
pub(crate) fn unserved(
    _of: &Instance,
    _model: &Model,
    _state: State,
    _control: &dyn Control,
) -> Vec<Unserved> {
    Vec::new()
}
