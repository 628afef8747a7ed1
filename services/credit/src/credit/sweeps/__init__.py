"""The nightly search for warnings: each rule over the whole population, once a day, restartable."""
