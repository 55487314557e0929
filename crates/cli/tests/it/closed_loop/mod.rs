//! The whole loop: the service, a tenant whose log it gets and whose sign-ins ask it by the shipped Actions in Node, and people who
//! sign in at that tenant to countersign what is done there.

mod attack;
mod contained;
mod install;
mod people;
mod plans;
mod scene;
mod sign_up;
