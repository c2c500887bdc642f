"""The fault bench: users talk through the whole system while faults strike; at the end every message is accounted for.

    plan ──▶ players ──▶ system under test ◀── strikes (families)
               │                 │
               └────▶ truth ◀────┘ topics, phones, changelogs, mirror
                        │
              model ──▶ verdict ──▶ report

`python -m tests.faults.bench --family all --strikes 30 --seed 1` prints one table. The bench drives the system from
outside only; the one thing it takes from the broker's code is the pure `decide`, as the reference model.
"""
