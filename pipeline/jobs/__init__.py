"""Work outside the graph: scoring, simulation, the doctor."""
