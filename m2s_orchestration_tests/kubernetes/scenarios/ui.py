"""Dagster's UI as a person uses it: the requests that its pages send to the webserver."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

LOCATION = "m2s_orchestration"
REPOSITORY = {"repositoryLocationName": LOCATION, "repositoryName": "__repository__"}

LAUNCH = """
mutation LaunchPipelineExecution($executionParams: ExecutionParams!) {
  launchPipelineExecution(executionParams: $executionParams) {
    __typename
    ... on LaunchRunSuccess { run { id } }
    ... on RunConfigValidationInvalid { errors { message } }
    ... on PythonError { message }
  }
}
"""
REEXECUTE = """
mutation LaunchPipelineReexecution($reexecutionParams: ReexecutionParams!) {
  launchPipelineReexecution(reexecutionParams: $reexecutionParams) {
    __typename
    ... on LaunchRunSuccess { run { id } }
    ... on PythonError { message }
  }
}
"""
TERMINATE = """
mutation Terminate($runIds: [String!]!, $terminatePolicy: TerminateRunPolicy) {
  terminateRuns(runIds: $runIds, terminatePolicy: $terminatePolicy) {
    __typename
    ... on TerminateRunsResult { terminateRunResults { __typename } }
  }
}
"""
START_SCHEDULE = """
mutation StartThisSchedule($selector: ScheduleSelector!) {
  startSchedule(scheduleSelector: $selector) {
    __typename
    ... on ScheduleStateResult { scheduleState { id status } }
  }
}
"""
START_SENSOR = """
mutation StartSensor($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) {
    __typename
    ... on Sensor { sensorState { id status } }
  }
}
"""
SCHEDULE = """
query Schedule($selector: ScheduleSelector!) {
  scheduleOrError(scheduleSelector: $selector) { ... on Schedule { scheduleState { id } } }
}
"""
STOP_SCHEDULE = """
mutation StopSchedule($id: String!) { stopRunningSchedule(id: $id) { __typename } }
"""
STOP_SENSOR = """
mutation StopSensor($id: String!) { stopSensor(id: $id) { __typename } }
"""
SENSOR = """
query Sensor($selector: SensorSelector!) {
  sensorOrError(sensorSelector: $selector) { ... on Sensor { sensorState { id } } }
}
"""
LOCATIONS = """
query Locations {
  workspaceOrError {
    ... on Workspace { locationEntries { loadStatus locationOrLoadError { __typename } } }
  }
}
"""


class Ui:
    """The webserver at an address."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/graphql"

    def launch(self, job: str, config: dict[str, Any], tags: dict[str, str] | None = None) -> str:
        """The Launchpad's button: the id of the run."""
        pairs = [{"key": key, "value": value} for key, value in (tags or {}).items()]
        params = {
            "selector": {**REPOSITORY, "pipelineName": job},
            "mode": "default",
            "runConfigData": json.dumps(config),
            "executionMetadata": {"tags": pairs},
        }
        return self._launched("launchPipelineExecution", LAUNCH, executionParams=params)

    def reexecute(self, run_id: str, strategy: str = "ALL_STEPS") -> str:
        """Re-execute all, or from failure (FROM_FAILURE): the id of the new run."""
        params = {"parentRunId": run_id, "strategy": strategy}
        return self._launched("launchPipelineReexecution", REEXECUTE, reexecutionParams=params)

    def terminate(self, run_id: str) -> None:
        """The run's Terminate."""
        said = self._ask(TERMINATE, runIds=[run_id], terminatePolicy="SAFE_TERMINATE")
        (result,) = said["terminateRuns"]["terminateRunResults"]
        assert result["__typename"] == "TerminateRunSuccess", result

    def switch_on(self, schedule: str) -> None:
        """The schedule's switch, on."""
        said = self._ask(START_SCHEDULE, selector={**REPOSITORY, "scheduleName": schedule})
        assert said["startSchedule"]["scheduleState"]["status"] == "RUNNING", said

    def switch_off(self, schedule: str) -> None:
        """The schedule's switch, off."""
        said = self._ask(SCHEDULE, selector={**REPOSITORY, "scheduleName": schedule})
        stopped = self._ask(STOP_SCHEDULE, id=said["scheduleOrError"]["scheduleState"]["id"])
        assert stopped["stopRunningSchedule"]["__typename"] == "ScheduleStateResult", stopped

    def start_sensor(self, sensor: str) -> None:
        """The sensor's switch, on."""
        said = self._ask(START_SENSOR, selector={**REPOSITORY, "sensorName": sensor})
        assert said["startSensor"]["sensorState"]["status"] == "RUNNING", said

    def stop_sensor(self, sensor: str) -> None:
        """The sensor's switch, off."""
        said = self._ask(SENSOR, selector={**REPOSITORY, "sensorName": sensor})
        stopped = self._ask(STOP_SENSOR, id=said["sensorOrError"]["sensorState"]["id"])
        assert stopped["stopSensor"]["__typename"] == "StopSensorMutationResult", stopped

    def is_ready(self) -> bool:
        """Whether the webserver answers and the code location is loaded."""
        try:
            entries = self._ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (URLError, ConnectionError):
            return False
        return all(
            (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"
            for entry in entries
        )

    def _launched(self, mutation: str, query: str, **variables: Any) -> str:
        said = self._ask(query, **variables)[mutation]
        assert said["__typename"] == "LaunchRunSuccess", said
        run_id: str = said["run"]["id"]
        return run_id

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(self._url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found
