# A release with a mistake that only shows under traffic: it starts, its database is there, so it is ready; and the API
# answers 503, since it cannot read who may use it.
ARG IMAGE
FROM ${IMAGE}
ENV SPIN_VARIABLE_API_TOKENS=nonsense
