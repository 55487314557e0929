//! What every backend must do, one file a record kind.
//!
//! To run it on another backend, write an async function that makes a `Fresh` and call `suite!` with its path. To add a case,
//! write it in the file of its kind and name it in `suite!`; the compiler tells when that was forgotten.

pub mod access;
pub mod accounts;
pub mod addresses;
pub mod alerts;
pub mod attack_sources;
pub mod changes;
pub mod checkpoints;
pub mod commits;
pub mod decisions;
pub mod findings;
pub mod forgetting;
pub mod hooks;
pub mod hostile;
pub mod incidents;
pub mod inquiries;
pub mod joins;
pub mod journal;
pub mod keys;
pub mod leases;
pub mod leaves;
pub mod listings;
pub mod make;
pub mod models;
pub mod outcomes;
pub mod plans;
pub mod policies;
pub mod profiles;
pub mod proofs;
pub mod requests;
pub mod retention;
pub mod reviews;
pub mod scopes;
pub mod sessions;
pub mod side_by_side;
pub mod silence;
pub mod subjects;
pub mod suppressions;
pub mod switches;
pub mod tokens;

use std::{any::Any, pin::Pin};

use countersign_store::Store;

/// A statement run past the store, as anyone with access to the database could; in words that both databases know.
pub type Raw = Box<dyn Fn(&str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// A store that holds nothing, on a database of its own.
pub struct Fresh {
    pub store: Store,
    pub raw: Raw,
    /// What must live as long as the store, such as its folder.
    pub _guard: Box<dyn Any + Send>,
}

macro_rules! suite {
    ($fresh:path) => {
        suite! { @ $fresh;
            access: [
                a_person_is_put_and_seen_again_and_keeps_their_id
                people_who_come_at_once_are_kept_once
                a_disabled_person_is_not_put_again
                who_is_enabled_again_is_as_before_and_once
                people_are_listed_by_page
                a_grant_holds_until_it_ends_and_once_at_a_place
                an_organization_without_its_tenant_is_no_place
                one_of_many_equal_grants_at_once_is_added_and_ended
                an_overlong_subject_is_refused_and_harms_no_neighbor
            ];
            accounts: [
                a_token_is_found_with_its_account
                a_token_is_revoked_once_and_a_disabled_account_gets_none
                no_more_tokens_of_an_account_hold_at_once_than_may
            ];
            addresses: [
                an_address_may_have_several_accounts_and_stays_verified
                the_riskiest_sign_up_of_late_is_kept
                old_sign_ups_are_pruned
                a_person_and_an_address_are_forgotten_each_alone
            ];
            alerts: [
                an_alert_is_replaced_and_keeps_its_incident
                listed_newest_first_by_page_and_by_filter
                a_retracted_alert_is_listed_only_on_request
            ];
            side_by_side: [two_tenants_keep_the_same_names_apart];
            attack_sources: [a_source_counts_until_its_end_and_once_for_each_incident];
            changes: [
                what_others_must_see_is_told
                what_is_told_is_there_to_be_read
                sign_ins_and_their_outcomes_are_not_told
            ];
            checkpoints: [one_size_is_signed_once listed_by_size_smallest_first];
            commits: [
                a_stale_last_write_undoes_leaves_and_all_other_writes
                a_conflict_in_the_last_write_undoes_leaves_and_all_other_writes
                a_refused_first_commit_leaves_no_ledger
                a_refused_commit_harms_no_neighbor
                a_decision_without_its_own_leaf_is_refused
                an_empty_commit_tells_the_size
            ];
            decisions: [
                every_field_and_word_comes_back
                every_standing_comes_back
                a_standing_on_a_stale_grant_is_refused
                two_grants_at_once_leave_one_stale
                the_subject_is_that_of_the_first_body
                an_unanswered_decision_is_censored_and_no_other
            ];
            hooks: [
                the_same_is_to_be_told_once
                an_attempt_counts_only_where_nothing_changed
                listed_in_the_order_in_which_they_are_tried
                the_newest_place_of_a_message_is_known_by_receiver_and_matter
            ];
            inquiries: [
                a_sign_in_is_asked_about_once_in_its_tenant
                an_answer_is_taken_once
                what_an_answer_leads_to_is_found_until_it_came_to_its_end
                they_are_found_by_person_and_by_what_is_to_be_done
            ];
            hostile: [
                texts_stay_inert_and_apart
                texts_of_records_stay_inert_and_apart
                texts_of_access_stay_inert_and_apart
            ];
            incidents: [
                a_change_of_what_changed_is_stale
                listed_newest_first_by_page_and_by_filter
                found_by_what_their_alerts_are_about_in_time
                listed_by_what_their_alerts_are_about_and_by_their_detector
                notes_are_listed_newest_first_and_stay_apart
            ];
            joins: [
                decisions_are_found_by_key_and_time
                a_join_is_replaced_and_a_decision_has_one_login
                the_place_moves_only_from_where_it_was
                logins_are_listed_and_counted_by_how_and_time
            ];
            journal: [
                an_entry_is_journaled_once_and_places_have_no_gaps
                entries_of_one_delivery_that_repeat_each_other_are_one
                many_deliveries_at_once_get_places_in_their_order
                listed_by_arrival_and_by_event_time
                listed_newest_first_by_filter
                what_was_looked_at_moves_only_from_where_it_was
                snapshots_are_there_with_their_head_and_stand_in_event_time
                a_cursor_is_kept_for_its_tenant
            ];
            keys: [
                the_first_key_is_kept
                a_race_keeps_one_key
                many_are_made_at_once_and_those_that_were_there_are_kept
                many_are_found_by_person_and_by_name
                a_deleted_key_is_gone_and_a_new_one_can_come
                keys_of_two_tenants_never_mix
                listed_in_the_order_of_their_subjects
                a_key_is_wrapped_anew_only_where_it_is_the_same
                only_the_named_key_is_deleted
                a_root_of_pseudonyms_is_put_and_put_again
                the_first_root_of_pseudonyms_is_kept
            ];
            leases: [
                one_holds_it_and_renews_it_in_one_epoch
                one_that_ended_or_was_given_back_is_taken_in_another_epoch
                a_commit_of_a_lost_lease_is_refused
                a_lost_lease_is_told_before_any_conflict
                a_race_has_one_winner
            ];
            leaves: [
                an_empty_store_holds_nothing
                indices_are_contiguous
                concurrent_commits_fill_every_index_once
                two_tenants_never_mix
                a_repeated_record_is_refused
                an_unknown_commit_can_be_tried_again
                a_record_twice_in_one_commit_is_refused
                listed_from_any_place
                bodies_keep_their_order
                update_and_delete_are_refused
                the_first_leaf_since_a_time_is_found
            ];
            listings: [
                newest_first_and_oldest_first_after_a_leaf
                pages_join_without_gap_or_overlap
                filters_hold_alone_and_together
                any_set_of_levels_is_honored
                bounds_beyond_every_leaf_are_no_error
                those_that_a_person_judged_are_listed_alone
            ];
            models: [
                versions_count_up_and_a_tag_is_taken_in_once
                a_version_and_an_act_are_never_changed
                the_newest_act_holds_and_two_at_once_leave_one_stale
                an_own_model_is_a_version_of_its_kind_and_acts_name_it
            ];
            outcomes: [the_same_is_told_once what_is_replaced_may_be_told_anew an_outcome_without_a_decision_is_told_by_its_id];
            plans: [
                a_plan_comes_back_and_what_it_says_is_never_changed
                a_plan_goes_from_hand_to_hand_wherever_it_stands
                plans_are_listed_by_state_incident_queue_and_page
                what_is_due_is_told_by_its_id_the_oldest_first_and_not_before_it_is_tried_again
                of_two_reviews_at_once_one_is_stale_and_none_is_changed
                a_step_goes_on_from_where_it_was_read_and_by_one_holder_alone
                what_was_begun_is_summed_and_a_dropped_plan_is_gone
                a_breaker_is_changed_by_who_knows_its_version
                what_is_left_of_a_plan_takes_its_place_in_the_version_that_was_read
                old_plans_are_those_that_ended_and_that_nothing_needs
            ];
            policies: [
                the_newest_version_holds
                a_change_of_what_changed_is_stale
                two_changes_at_once_leave_one_stale
                listed_newest_first
            ];
            profiles: [
                people_at_risk_are_listed_by_how_long
                what_is_held_changes_and_goes_with_the_profile
                versions_count_up
                a_stale_version_is_refused
                two_writers_leave_one_stale
            ];
            proofs: [
                every_leaf_of_small_trees_is_proved
                proofs_hold_across_both_tile_levels
            ];
            requests: [
                a_replay_is_refused
                pruning_forgets_the_older_only
                a_clock_that_ran_ahead_holds_up_no_pruning
            ];
            reviews: [
                a_review_comes_back_and_one_decision_has_one
                of_two_changes_of_a_review_one_is_stale
                reviews_are_listed_by_status_queue_hand_and_page
                remarks_stay_in_their_order_and_go_with_what_they_are_about
            ];
            retention: [
                bodies_of_one_kind_and_range_go_and_their_leaves_stay
                a_decision_without_its_body_keeps_its_facts_and_names_nobody
                each_kind_has_a_cursor
            ];
            forgetting: [
                the_oldest_entries_go_first_and_only_those_that_nothing_needs
                what_could_not_be_read_goes_by_its_arrival
                alerts_go_but_for_those_of_open_incidents
                a_closed_incident_goes_with_its_notes_and_an_open_one_stays
                ended_suppressions_go_and_one_by_its_id
                a_key_is_used_while_anything_is_sealed_under_it
            ];
            findings: [what_is_found_is_what_was_last_written];
            scopes: [an_organization_sees_its_decisions_alone];
            sessions: [
                a_session_goes_on_while_it_is_used_and_ends_in_any_case
                a_session_is_ended_once_and_all_of_a_person_at_once
                a_link_is_used_once_and_not_after_its_end
                one_use_of_a_link_makes_one_session
                a_change_and_its_leaf_are_one_commit_and_a_touch_needs_none
                sessions_and_links_are_forgotten_after_their_end
                a_digest_that_is_none_is_refused
            ];
            silence: [the_cursor_is_where_it_was_put];
            subjects: [
                without_the_key_nobody_is_named_and_the_leaves_stay
                erasing_in_one_tenant_leaves_the_other
                erasures_are_remembered_once_and_for_their_tenant
                erasures_are_listed_from_a_time_on
            ];
            suppressions: [those_that_hold_are_listed_and_one_is_lifted_once];
            switches: [a_switch_is_set_and_set_again];
            tokens: [
                listed_oldest_first_with_their_ends
                only_one_that_holds_is_ended
                no_more_hold_at_once_than_may
            ];
        }
    };
    (@ $fresh:path; $($kind:ident: [$($case:ident)*];)*) => {
        $(mod $kind {
            $(#[tokio::test]
            async fn $case() {
                // `None`: the database is not installed, which is said elsewhere.
                if let Some(fresh) = Option::<$crate::suite::Fresh>::from($fresh().await) {
                    $crate::suite::$kind::$case(fresh).await;
                }
            })*
        })*
    };
}
