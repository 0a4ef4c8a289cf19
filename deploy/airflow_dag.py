"""A nightly scoring as an Airflow DAG (Airflow 3, apache-airflow-providers-standard).

Scoring resumes, so retries cost what was not done yet. Monitoring that finds something severe fails its task (exit code
3) and is not tried again: the batch is done, and a person should look before anyone acts on its scores.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

MODEL = "models:/unpump@champion"
TABLES = "s3://platform-exports/{{ ds }}/tables"
# A folder a night: verdicts of days later must meet the scores people saw.
OUT = "s3://trust-and-safety/unpump/scores/{{ ds }}"
# What `unpump feedback --out` wrote there; before the first verdicts it is empty, and none is overturned.
FEEDBACK = "s3://trust-and-safety/unpump/feedback"
WATCH = "s3://trust-and-safety/unpump/watch"

with DAG(
    dag_id="unpump_nightly",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,  # one job at a time writes an output
    default_args={"retries": 3, "retry_delay": timedelta(minutes=10), "execution_timeout": timedelta(hours=6)},
    tags=["trust-and-safety"],
) as dag:
    # Tried again like the rest: the registry that holds the model may be down for a moment.
    doctor = BashOperator(task_id="doctor", bash_command="unpump doctor")
    score = BashOperator(
        task_id="score",
        bash_command=(
            f"unpump score --model {MODEL} --tables {TABLES} --out {OUT} --feedback {FEEDBACK} "
            "--set score.audit_share=0.005"
        ),
    )
    monitor = BashOperator(
        task_id="monitor",
        bash_command=f"unpump monitor --model {MODEL} --tables {TABLES} --out {WATCH}",
        retries=0,
    )
    doctor >> score >> monitor
