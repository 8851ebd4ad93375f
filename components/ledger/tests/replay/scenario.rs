//! What a release is made to do while it is recorded: every method of the [`Store`], every branch that says something
//! else to the database. A new method, or a new argument, belongs here as well.
//!
//! Nothing waits: a lease or a delay is over at once or outlasts any test, so that the same happens at any speed. Every
//! name has the run's own in it, so that runs on one database do not meet.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ledger::{
    Accepted, Claim, Contest, DeliveryKey, DeploymentFilter, Gather, NewDecision, NewDelivery, NewDeployment,
    NewEvent, NewPromotion, Outcome, Page, Patience, PromotionFilter, Reported, Retry, State, Status, Store,
    StoreError, Verdict,
};
use serde_json::json;
use uuid::Uuid;

/// A lease or a delay that outlasts any test.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
/// A lease or a delay that is over at once.
const NONE: Duration = Duration::ZERO;
/// No window in which promotions gather.
const AT_ONCE: Gather = Gather { quiet: NONE, longest: NONE };
/// More promotions than are ever due.
const ALL: u32 = 1000;

type Result<T = ()> = std::result::Result<T, StoreError>;

/// One run of the scenario.
pub struct Scenario<'a, S> {
    pub store: &'a S,
    /// Stands in every name.
    pub run: &'a str,
}

impl<S: Store> Scenario<'_, S> {
    /// Does everything once, and leaves rows of every kind behind.
    pub async fn play(&self) -> Result {
        self.store.ping().await?;
        self.deployments().await?;
        self.lifecycle().await?;
        self.deliveries().await?;
        self.superseding().await?;
        self.attempts().await?;
        self.stale_claims().await?;
        self.ends().await?;
        self.gathering().await?;
        self.retries().await?;
        self.upkeep().await?;
        self.leave_work().await?;
        self.lists().await
    }

    async fn deployments(&self) -> Result {
        let made = self.store.record_deployment(&self.deployment(true)).await?;
        self.store.record_deployment(&self.deployment(false)).await?;
        assert_eq!(self.store.deployment(made.id).await?, Some(made));
        assert_eq!(self.store.deployment(Uuid::now_v7()).await?, None);
        Ok(())
    }

    /// Every status and none, the same event again, and what was under way before.
    async fn lifecycle(&self) -> Result {
        let older = self.store.record_deployment(&self.deployment(true)).await?;
        let made = self.store.record_deployment(&self.deployment(true)).await?;
        let statuses = [None].into_iter().chain(Status::ALL.iter().copied().map(Some));
        for (number, status) in statuses.enumerate() {
            let event = NewEvent {
                source: "argo-rollouts".to_owned(),
                id: self.name(&format!("event {number}")),
                kind: "step-completed".to_owned(),
                status,
                actor: status.map(|_| "ci".to_owned()),
                detail: json!({ "step": number }).as_object().cloned().unwrap_or_default(),
            };
            assert!(matches!(self.store.report(made.id, &event).await?, Reported::Recorded(_)));
            assert!(matches!(self.store.report(made.id, &event).await?, Reported::Repeated(_)));
            assert_eq!(
                self.store.report(Uuid::now_v7(), &event).await?,
                self.store.report(made.id, &event).await?
            );
            assert!(self.store.event(&event.source, &event.id).await?.is_some());
        }
        let statuses = [made.id, older.id].map(async |id| self.store.deployment(id).await);
        for (status, expected) in statuses.into_iter().zip([Status::RolledBack, Status::Superseded]) {
            assert_eq!(status.await?.map(|it| it.status), Some(expected));
        }
        let unknown = NewEvent {
            source: "argocd".to_owned(),
            id: self.name("unknown"),
            kind: "deployed".to_owned(),
            status: Some(Status::Succeeded),
            actor: None,
            detail: serde_json::Map::new(),
        };
        assert_eq!(self.store.report(Uuid::now_v7(), &unknown).await?, Reported::Unknown);
        assert_eq!(self.store.event(&unknown.source, &unknown.id).await?, None);
        for page in [Page::default(), page("1", None), page("2", Some(4_000_000_000_000)), page("2", Some(0))]
        {
            self.store.events(made.id, &page).await?;
        }
        let patience = Patience::of(LONG);
        assert!(self.store.stalled(&[made.id, older.id], patience).await?.is_empty());
        self.store.count_stalled(patience).await.map(drop)
    }

    /// Every verdict, and the same delivery again.
    async fn deliveries(&self) -> Result {
        let target = Some(self.name("refusing"));
        let mut delivery =
            self.delivery("verdicts", [self.promotion("joined", "1"), self.promotion("joined", "1")]);
        delivery.decisions.extend([
            NewDecision::Ignore { target: target.clone(), reason: "not a release".to_owned() },
            NewDecision::Ignore { target: None, reason: "no target is concerned".to_owned() },
            NewDecision::Refuse { target, reason: "not an OCI tag".to_owned() },
        ]);
        let stored = self.store.accept(&delivery).await?;
        let verdicts: Vec<_> = stored.decisions().iter().map(|decision| decision.verdict).collect();
        use Verdict::{Created, Ignored, Joined, Refused};
        assert_eq!(verdicts, [Created, Joined, Ignored, Ignored, Refused]);
        assert!(matches!(self.store.accept(&delivery).await?, Accepted::Repeated(_)));
        self.store.accept(&self.delivery("no decisions", [])).await?;
        self.store
            .accept(&NewDelivery {
                decisions: delivery.decisions.split_off(2),
                ..self.delivery("refused", [])
            })
            .await?;

        // It waits, then it runs: joined both times.
        let first = stored.decisions()[0].promotion;
        assert_eq!(self.wanted("joins waiting", self.promotion("joined", "1")).await?, (Joined, first));
        let claim = self.claimed(first, LONG).await?;
        assert_eq!(self.wanted("joins running", self.promotion("joined", "1")).await?, (Joined, first));
        self.store.finish(&claim, &Outcome::Committed { commit: "c0ffee".to_owned() }).await?;
        assert_eq!(self.wanted("pushed again", self.promotion("joined", "1")).await?.0, Created);
        Ok(())
    }

    /// A mutable tag: A, B, A waiting; then A running while B and A come.
    async fn superseding(&self) -> Result {
        for (target, hold) in [("latest", NONE), ("latest-held", LONG)] {
            let push = |digest: &str| NewPromotion {
                digest: format!("sha256:{digest}"),
                ..self.promotion(target, "latest")
            };
            let first = self.wanted(&format!("{target} 1"), push("aa")).await?.1;
            let held = if hold == LONG { Some(self.claimed(first, hold).await?) } else { None };
            self.wanted(&format!("{target} 2"), push("bb")).await?;
            let (verdict, third) = self.wanted(&format!("{target} 3"), push("aa")).await?;
            assert_eq!((verdict, self.state(third).await?), (Verdict::Created, State::Waiting));
            match held {
                None => assert_eq!(self.state(first).await?, State::Superseded),
                // Two promotions of the same thing under way, then the untried one gives way as it is put back.
                Some(claim) => {
                    assert_eq!(self.state(first).await?, State::Running);
                    self.store.postpone(&claim, "GitHub is down", LONG).await?;
                    assert_eq!(self.state(first).await?, State::Superseded);
                }
            }
        }
        Ok(())
    }

    /// Announced, put back, announced again.
    async fn attempts(&self) -> Result {
        let id = self.wanted("attempts", self.promotion("attempts", "1")).await?.1;
        let due = self.store.claim_due(ALL, LONG, &AT_ONCE).await?;
        let claim = due.into_iter().find(|claim| Some(claim.promotion.id) == id).expect("it is due");
        assert_eq!(self.store.claim(claim.promotion.id, LONG).await?, None);
        assert_eq!(self.store.contest(&claim.promotion).await?, Contest::Nobody);
        let announced = self.store.announce(&claim).await?;
        assert_eq!(self.store.announce(&claim).await?, announced);
        self.store.postpone(&claim, "conflict", NONE).await?;
        let claim = self.claimed(id, LONG).await?;
        assert_eq!((claim.fence, self.store.announce(&claim).await?), (2, announced));
        // It may have reached Git: a newer one leaves it alone.
        self.store.postpone(&claim, "no answer", LONG).await?;
        let after = self.wanted("after an attempt", self.promotion("attempts", "2")).await?.1;
        let newer = self.store.promotion(after.expect("a promotion")).await?.expect("it is stored");
        assert_eq!(self.store.contest(&newer).await?, Contest::UnderWay);
        assert_eq!(self.state(id).await?, State::Waiting);
        assert_eq!(self.store.claim(claim.promotion.id, LONG).await?, None);
        Ok(())
    }

    /// Whoever lost the lease can do nothing.
    async fn stale_claims(&self) -> Result {
        let id = self.wanted("stale", self.promotion("stale", "1")).await?.1;
        let stale = self.claimed(id, NONE).await?;
        let fresh = self.claimed(id, LONG).await?;
        let outcome = Outcome::Failed { reason: "too many attempts".to_owned() };
        assert_eq!(self.store.announce(&stale).await, Err(StoreError::LeaseLost));
        assert_eq!(self.store.finish(&stale, &outcome).await, Err(StoreError::LeaseLost));
        assert_eq!(self.store.postpone(&stale, "late", NONE).await, Err(StoreError::LeaseLost));
        self.store.finish(&fresh, &outcome).await?;
        assert_eq!(self.store.claim(Uuid::now_v7(), LONG).await?, None);
        Ok(())
    }

    /// Every end, with and without a deployment.
    async fn ends(&self) -> Result {
        let reason = || "because".to_owned();
        let ends = [
            Outcome::Committed { commit: "c0ffee".to_owned() },
            Outcome::Unchanged { reason: reason() },
            Outcome::Superseded { reason: reason() },
            Outcome::Held { reason: reason() },
            Outcome::Rejected { reason: reason() },
            Outcome::Failed { reason: reason() },
        ];
        for outcome in ends {
            for announced in [false, true] {
                let name = format!("{} {announced}", outcome.state());
                let id = self.wanted(&name, self.promotion(&name, "1")).await?.1;
                let claim = self.claimed(id, LONG).await?;
                if announced {
                    self.store.announce(&claim).await?;
                }
                self.store.finish(&claim, &outcome).await?;
                assert_eq!(self.state(id).await?, outcome.state());
                if announced && outcome.state() == State::Superseded {
                    self.store.correct(claim.promotion.id, "c0ffee").await?;
                    assert_eq!(self.state(id).await?, State::Committed);
                }
            }
        }
        Ok(())
    }

    /// Promotions of a branch of their own, in a window and out of it.
    async fn gathering(&self) -> Result {
        let on = |target: &str, tag: &str| NewPromotion {
            branch: self.name("branch"),
            ..self.promotion(&format!("gathering {target}"), tag)
        };
        self.wanted("gathering 1", on("one", "1")).await?;
        self.wanted("gathering 2", on("one", "2")).await?;
        self.wanted("gathering 3", on("two", "1")).await?;
        let window = Gather { quiet: LONG, longest: LONG };
        for claim in self.store.claim_due(ALL, LONG, &window).await? {
            assert!(!claim.promotion.target.contains("gathering"), "it is not quiet");
            self.store.postpone(&claim, "another's turn", NONE).await?;
        }
        // What is due elsewhere may have to be taken first.
        for _ in 0..ALL {
            let claims = self.store.claim_due(ALL, LONG, &AT_ONCE).await?;
            let is_ours = claims.iter().any(|claim| claim.promotion.target.contains("gathering"));
            for claim in &claims {
                let end = Outcome::Unchanged { reason: "Git holds it already".to_owned() };
                self.store.finish(claim, &end).await?;
            }
            if is_ours {
                assert_eq!(claims.len(), 2);
                return Ok(());
            }
        }
        panic!("the branch is never due")
    }

    /// One that waits, one that failed, one that went well, one that is unknown.
    async fn retries(&self) -> Result {
        let id = self.wanted("retried", self.promotion("retried", "1")).await?.1.expect("a promotion");
        let claim = self.claimed(Some(id), LONG).await?;
        self.store.postpone(&claim, "GitHub is down", LONG).await?;
        assert!(matches!(self.store.retry(id).await?, Retry::Hastened(_)));
        let claim = self.claimed(Some(id), LONG).await?;
        self.store.finish(&claim, &Outcome::Failed { reason: "too many attempts".to_owned() }).await?;
        let Retry::Created(again) = self.store.retry(id).await? else { panic!("it failed") };
        assert!(matches!(self.store.retry(id).await?, Retry::Refused { .. }));
        let claim = self.claimed(Some(again.id), LONG).await?;
        self.store.finish(&claim, &Outcome::Committed { commit: "c0ffee".to_owned() }).await?;
        assert!(matches!(self.store.retry(again.id).await?, Retry::Refused { .. }));
        assert_eq!(self.store.retry(Uuid::now_v7()).await?, Retry::Unknown);
        Ok(())
    }

    /// Work that comes round, deliveries that were missed, and counts.
    async fn upkeep(&self) -> Result {
        let name = self.name("sweep");
        assert!(self.store.begin_sweep(&name, LONG).await?);
        assert!(!self.store.begin_sweep(&name, LONG).await?);
        let (there, missed) = (self.name("no decisions"), self.name("missed"));
        let ids = [there, missed.clone()];
        assert_eq!(self.store.missed("github", &ids, 2).await?, [missed.as_str()]);
        let key = DeliveryKey { source: "github".to_owned(), id: missed };
        self.store.count_redelivery(&key).await?;
        self.store.count_redelivery(&key).await?;
        assert!(self.store.missed("github", &ids, 2).await?.is_empty());
        self.store.statistics().await.map(drop)
    }

    /// Promotions for another release to go on with: untried; announced and due; its holder gone; held; not yet due.
    async fn leave_work(&self) -> Result {
        let sourceless = |target| NewPromotion { source_commit: None, ..self.promotion(target, "1") };
        self.wanted("untried", sourceless("untried")).await?;
        let due = self.wanted("due", sourceless("due")).await?.1;
        let claim = self.claimed(due, LONG).await?;
        self.store.announce(&claim).await?;
        self.store.postpone(&claim, "conflict", NONE).await?;
        for (name, lease) in [("left", NONE), ("running", LONG)] {
            let id = self.wanted(name, self.promotion(name, "1")).await?.1;
            self.claimed(id, lease).await?;
        }
        let later = self.wanted("later", self.promotion("later", "1")).await?.1;
        let claim = self.claimed(later, LONG).await?;
        self.store.postpone(&claim, "rate limited", LONG).await
    }

    /// Every list with each filter, from the start and from a cursor.
    async fn lists(&self) -> Result {
        let pages = [
            Page::default(),
            page("1", None),
            // The newest and the oldest place there can be: a cursor of today's rows would not fit another day's.
            page("2", Some(4_000_000_000_000)),
            page("2", Some(0)),
        ];
        let service = || Some(self.name("api"));
        let environment = || Some("staging".to_owned());
        for page in &pages {
            self.store.deliveries(page).await?;
            for (service, environment) in
                [(None, None), (service(), None), (None, environment()), (service(), environment())]
            {
                let filter = DeploymentFilter { service: service.clone(), environment: environment.clone() };
                self.store.deployments(&filter, page).await?;
                let filter = PromotionFilter { state: None, service, environment };
                self.store.promotions(&filter, page).await?;
            }
            let filter = PromotionFilter {
                state: Some(State::Waiting),
                service: service(),
                environment: environment(),
            };
            self.store.promotions(&filter, page).await?;
        }
        for state in State::ALL {
            let filter = PromotionFilter { state: Some(*state), ..PromotionFilter::default() };
            self.store.promotions(&filter, &Page::default()).await?;
        }
        Ok(())
    }

    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.run)
    }

    fn deployment(&self, full: bool) -> NewDeployment {
        let mut fields =
            json!({ "service_name": self.name("api"), "version": "1.0.0", "environment": "staging" });
        if full {
            for field in ["image", "digest", "source_commit", "gitops_commit"] {
                fields[field] = "c0ffee".into();
            }
        }
        NewDeployment::from_fields(fields.as_object().unwrap()).unwrap()
    }

    fn promotion(&self, target: &str, tag: &str) -> NewPromotion {
        NewPromotion {
            target: self.name(target),
            branch: String::new(),
            service: self.name("api"),
            environment: "staging".to_owned(),
            image: "ghcr.io/acme/api".to_owned(),
            tag: tag.to_owned(),
            digest: String::new(),
            source_commit: Some("c0ffee".to_owned()),
        }
    }

    fn delivery(&self, id: &str, promotions: impl IntoIterator<Item = NewPromotion>) -> NewDelivery {
        let promote =
            |promotion| NewDecision::Promote { promotion, reason: "the policy allows it".to_owned() };
        NewDelivery {
            key: DeliveryKey { source: "github".to_owned(), id: self.name(id) },
            event: "registry_package".to_owned(),
            decisions: promotions.into_iter().map(promote).collect(),
        }
    }

    /// Accepts a delivery that wants one promotion.
    async fn wanted(&self, id: &str, promotion: NewPromotion) -> Result<(Verdict, Option<Uuid>)> {
        let accepted = self.store.accept(&self.delivery(id, [promotion])).await?;
        let decision = &accepted.decisions()[0];
        Ok((decision.verdict, decision.promotion))
    }

    async fn claimed(&self, id: Option<Uuid>, lease: Duration) -> Result<Claim> {
        Ok(self.store.claim(id.expect("a promotion"), lease).await?.expect("it is due"))
    }

    async fn state(&self, id: Option<Uuid>) -> Result<State> {
        Ok(self.store.promotion(id.expect("a promotion")).await?.expect("it is stored").state)
    }
}

/// Goes on with whatever is due, whoever left it, and reads everything there is.
pub async fn take_over(store: &impl Store) -> Result {
    let mut taken = 0;
    for _ in 0..ALL {
        let claims = store.claim_due(ALL, LONG, &AT_ONCE).await?;
        if claims.is_empty() {
            break;
        }
        taken += claims.len();
        for claim in claims {
            store.announce(&claim).await?;
            store.finish(&claim, &Outcome::Committed { commit: "c0ffee".to_owned() }).await?;
        }
    }
    assert!(taken >= 3, "little was left to do: {taken}");
    read_all(async |page| Ok(store.deliveries(page).await?.next)).await?;
    read_all(async |page| Ok(store.deployments(&DeploymentFilter::default(), page).await?.next)).await?;
    read_all(async |page| Ok(store.promotions(&PromotionFilter::default(), page).await?.next)).await
}

async fn read_all(list: impl AsyncFn(&Page) -> Result<Option<ledger::Cursor>>) -> Result {
    let mut page = Page::default();
    // More pages than any test fills.
    for _ in 0..100 {
        match list(&page).await? {
            Some(next) => page = page.after(next),
            None => return Ok(()),
        }
    }
    panic!("the list has no end");
}

/// A page, from the rows on that are older than a moment in milliseconds since the Unix epoch.
fn page(limit: &str, before: Option<i64>) -> Page {
    let cursor = before.map(|at| URL_SAFE_NO_PAD.encode(format!("{at} {}", Uuid::nil())));
    Page::parse(Some(limit), cursor.as_deref()).unwrap()
}
