/* SPDX-License-Identifier: MIT */
#include "protocol/member/process_claim.h"

#include "base/text.h"
#include "protocol/fault_point.h"

static bool process_try_claim(yk_process_slot *slot, uint32_t starter,
                              uint32_t *generation)
{
    uint64_t word = atomic_load(&slot->state);

    *generation = yk_state_generation(word) + 1;
    return yk_state_of(word) == YK_PROCESS_FREE &&
           atomic_compare_exchange_strong(
               &slot->state, &word,
               yk_process_pack(starter, *generation, YK_PROCESS_CLAIMED));
}

static void process_clear(yk_process_slot *slot)
{
    slot->pid = 0;
    slot->is_small = 0;
    slot->argument = slot->bytes = 0;
    atomic_store(&slot->abandoned, 0);
    atomic_store(&slot->unfound, 0);
    atomic_store(&slot->left, 0);
    atomic_store(&slot->reaped, 0);
    atomic_store(&slot->wanted, 0);
}

/* Before the slot is claimed: when its claimer has died, the supervisor looks at known slots only. */
static void process_make_known(yk_control *control, uint32_t index)
{
    uint32_t known = atomic_load(&control->process_slots);

    while (known <= index && !atomic_compare_exchange_weak(&control->process_slots,
                                                           &known, index + 1)) {
    }
}

uint32_t yk_process_claim(yk_control *control, uint32_t starter, uint32_t *generation)
{
    uint32_t index = 0;

    for (; index < YK_MAX_PROCESSES; index++) {
        process_make_known(control, index);
        if (process_try_claim(&control->processes[index], starter, generation)) {
            break;
        }
    }
    if (index == YK_MAX_PROCESSES) {
        return index;
    }
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_CLAIM);
    process_clear(&control->processes[index]);
    return index;
}

static void process_set_state(yk_process_slot *slot, uint32_t state)
{
    const uint64_t word = atomic_load(&slot->state);

    atomic_store(&slot->state, yk_process_pack(yk_process_starter(word),
                                               yk_state_generation(word), state));
}

void yk_process_publish(yk_control *control, uint32_t index)
{
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_FILL);
    process_set_state(&control->processes[index], YK_PROCESS_REQUESTED);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_REQUEST);
}

void yk_process_release(yk_control *control, uint32_t index)
{
    yk_process_slot *slot = &control->processes[index];

    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_FREE);
    atomic_store(&slot->state,
                 yk_process_pack(YK_STARTER_APPLICATION,
                                 yk_state_generation(atomic_load(&slot->state)),
                                 YK_PROCESS_FREE));
}

void yk_process_name(yk_control *control, char name[YK_PROCESS_NAME_BYTES],
                     const char *wanted)
{
    const uint64_t number = atomic_fetch_add(&control->processes_started, 1) + 1;

    if (wanted != NULL) {
        yk_text_copy(name, YK_PROCESS_NAME_BYTES, wanted);
    } else {
        yk_text_format(name, YK_PROCESS_NAME_BYTES, "process-%llu",
                       (unsigned long long)number);
    }
}

bool yk_process_add_signal(yk_process_slot *slot, int signal)
{
    enum { BITS = 8, ROOM = 64 };
    uint64_t before = atomic_load(&slot->wanted);
    unsigned used;

    do {
        used = 0;
        while (used < ROOM && before >> used != 0) {
            used += BITS;
        }
        if (used == ROOM) {
            return false;
        }
    } while (!atomic_compare_exchange_weak(&slot->wanted, &before,
                                           before | (uint64_t)signal << used));
    return true;
}

bool yk_process_takes_signal(const yk_process_slot *slot)
{
    return atomic_load(&slot->wanted) >> 56 == 0;
}

void yk_process_free_abandoned(yk_process_slot *slot)
{
    uint64_t word = atomic_load(&slot->state);
    const uint32_t state = yk_state_of(word);
    const bool failed = (atomic_load(&slot->unfound) | atomic_load(&slot->left)) != 0;

    if (atomic_load(&slot->abandoned) == 0 ||
        (state != YK_PROCESS_ENDED && state != YK_PROCESS_REFUSED)) {
        return;
    }
    /* Another process may do the same. */
    (void)atomic_compare_exchange_strong(
        &slot->state, &word,
        yk_process_pack(YK_STARTER_APPLICATION, yk_state_generation(word),
                        failed ? state : (uint32_t)YK_PROCESS_FREE));
}

void yk_process_abandon(yk_control *control, uint32_t index)
{
    yk_process_slot *slot = &control->processes[index];

    atomic_store(&slot->abandoned, 1);
    YK_FAULT_POINT_WHOEVER(control, YK_FAULT_PROCESS_ABANDON);
    yk_process_free_abandoned(slot);
}
