namespace Afterword.Server.Storage;

/// <summary>Something that must hold for the whole store.</summary>
/// <param name="Name">What is looked at.</param>
/// <param name="Sql">Gives a <c>problem</c>, or null, and the <c>id</c> of what has it. One statement, so that it sees one moment of a busy store.</param>
internal sealed record DoctorCheck(string Name, string Sql);

/// <summary>The invariants of the store, as SQL that both engines understand.</summary>
internal static class DoctorChecks
{
    public static IReadOnlyList<DoctorCheck> All { get; } =
    [
        // Prompts and changes are laid into one pile and summed up by prompt: one sort instead of ten million look-ups.
        // A stamp goes in with a plus from the prompt and with a minus from the change, so that equal ones leave nothing.
        new("prompts and their events",
            """
            select case
                    when prompts = 0 then 'events of a prompt that is not there'
                    when created <> 1 then 'prompts that have not exactly one created event'
                    when created_difference <> 0 then 'prompts whose created event has another stamp than they'
                    when updated <> answers then 'prompts that have not exactly one updated event per answered part'
                    when answer_difference <> 0 then 'prompts whose updated events have other stamps than the answers'
                end as problem, id
            from (
                select id, sum(prompts) as prompts, sum(created) as created, sum(updated) as updated, sum(answers) as answers,
                    sum(created_stamp) as created_difference, sum(answer_stamps) as answer_difference
                from (
                    select sender_id, id, 1 as prompts, 0 as created, 0 as updated,
                        case when score is null then 0 else 1 end + case when comment is null then 0 else 1 end as answers,
                        created_at as created_stamp, coalesce(score_at, 0) + coalesce(comment_at, 0) as answer_stamps
                    from prompt
                    union all
                    select sender_id, prompt_id, 0, case when kind = 1 then 1 else 0 end, case when kind = 2 then 1 else 0 end, 0,
                        case when kind = 1 then -changed_at else 0 end, case when kind = 2 then -changed_at else 0 end
                    from change
                ) as pile
                group by sender_id, id
            ) as sums
            """),

        new("prompts and their messages",
            """
            select 'prompts without their message' as problem, p.id
            from prompt p
            left join message m on m.sender_id = p.sender_id and m.id = p.message_id
            where m.id is null or m.prompt_id is null or m.prompt_id <> p.id or m.recipient_id <> p.recipient_id
            union all
            select 'messages of a prompt that is not there', m.id
            from message m
            left join prompt p on p.sender_id = m.sender_id and p.id = m.prompt_id
            where m.prompt_id is not null and p.id is null
            """),

        new("answers",
            """
            select case
                    when type not in (1, 2) then 'prompts of an unknown type'
                    when message_id <> id + 1 then 'prompts whose message has not the id that follows theirs'
                    when (score is null) <> (score_at is null) then 'scores without a time, or times without a score'
                    when (comment is null) <> (comment_at is null) then 'texts without a time, or times without a text'
                    when type = 1 and (score < 1 or score > 5) or type = 2 and (score < 0 or score > 10) then 'scores that are not on their scale'
                    when score_at < created_at or comment_at < created_at or dismissed_at < created_at then 'prompts answered or dismissed before they were sent'
                    when updated_at < created_at or updated_at < score_at or updated_at < comment_at
                        or updated_at not in (created_at, coalesce(score_at, created_at), coalesce(comment_at, created_at))
                        then 'prompts whose updated_at is not the latest of their times'
                end as problem, id
            from prompt
            """),

        // Lists and exports of a time begin and end at ids, a day apart from the times.
        new("ids and times",
            """
            select case when (id >> 22) + 1288834974657 - created_at not between -86400000 and 86400000
                then 'prompts whose id is of another day than they: a list by time may miss them' end as problem, id
            from prompt
            """),

        new("the order of events",
            """
            select case
                    when s.sender_id is null then 'senders with events but without a stamp'
                    when s.changed_at < c.newest then 'senders whose stamp lies before their newest event'
                end as problem, c.sender_id as id
            from (select sender_id, max(changed_at) as newest from change group by sender_id) as c
            left join sender_state s on s.sender_id = c.sender_id
            """),

        // Counted by their events, which are in the order of time; that each prompt has its event is looked at above.
        new("the limit of senders",
            """
            select 'senders whose 24-hour window counts other than the prompts in it' as problem, s.sender_id as id
            from sender_state s
            where s.window_used <> (
                select count(*) from change c
                where c.sender_id = s.sender_id and c.kind = 1
                    and c.changed_at >= s.window_started_at and c.changed_at < s.window_started_at + 86400000)
            """),

        new("the limit of recipients",
            """
            select case
                    when c.sender_id is null then 'recipients who were asked and of whom the sender knows nothing'
                    when c.prompted_at is null or c.prompted_at < p.newest then 'recipients asked later than is noted'
                end as problem, p.recipient_id as id
            from (select sender_id, recipient_id, max(created_at) as newest from prompt group by sender_id, recipient_id) as p
            left join contact c on c.sender_id = p.sender_id and c.user_id = p.recipient_id
            """),

        new("conversations and their requests",
            """
            select case
                    when p.id is null then 'conversations asked about by a request that is not there'
                    when p.recipient_id <> c.recipient_id or p.test <> c.test or coalesce(p.external_id, '') <> c.external_id then 'conversations asked about by a request that is about something else'
                end as problem, c.id as id
            from conversation c left join prompt p on p.sender_id = c.sender_id and p.id = c.prompt_id
            where c.decision = 1
            union all
            -- By hand the same customer may be asked about it again, but hardly in the same words within the hour. The ids are of that hour: they tell when, in steps of 2 to the power of 22.
            -- One sort: looking for each request's double would read the sender's requests of that hour each time.
            select 'conversations asked about twice, in the same words', coalesce(conversation_id, next_conversation_id)
            from (
                select p.id, c.id as conversation_id, lead(p.id) over same_words as next_id, lead(c.id) over same_words as next_conversation_id
                from prompt p
                join message m on m.sender_id = p.sender_id and m.id = p.message_id
                left join conversation c on c.sender_id = p.sender_id and c.external_id = p.external_id and c.prompt_id = p.id
                where p.external_id is not null and m.body <> ''
                window same_words as (partition by p.sender_id, p.external_id, p.recipient_id, p.test, m.body order by p.id)
            ) as asked
            where next_id - id < 15099494400000 and (conversation_id is null) <> (next_conversation_id is null)
            union all
            select 'requests that stand beside several conversations', prompt_id from conversation where prompt_id is not null group by sender_id, prompt_id having count(*) > 1
            union all
            select 'conversations that are scheduled twice', max(id) from conversation where decision = 0 group by sender_id, test, external_id having count(*) > 1
            union all
            select 'conversations that are scheduled for no time', id from conversation where decision = 0 and due_at is null
            union all
            select 'conversations decided by rules that are not there', c.id
            from conversation c left join automation_rules r on r.sender_id = c.sender_id and r.version = c.rules_version
            where c.rules_version > 0 and r.version is null
            """),

        new("followers and blocks",
            """
            select case
                    when a.followers_count <> coalesce(f.followers, 0) then 'users with another number of followers than is noted'
                    when a.friends_count <> coalesce(g.friends, 0) then 'users who follow another number of users than is noted'
                end as problem, a.id as id
            from account a
            left join (select sender_id, count(*) as followers from contact where follows = 1 group by sender_id) as f on f.sender_id = a.id
            left join (select user_id, count(*) as friends from contact where follows = 1 group by user_id) as g on g.user_id = a.id
            union all
            select 'users who follow somebody in spite of a block', c.user_id
            from contact c
            left join contact back on back.sender_id = c.user_id and back.user_id = c.sender_id
            where c.follows = 1 and (c.blocks = 1 or back.blocks = 1)
            """),

        // A free reply is not counted, so that a window may count fewer than there are. Windows of a time of which messages were removed say nothing.
        new("the limit of messages",
            """
            select 'users whose 24-hour window counts more messages than they sent' as problem, w.sender_id as id
            from message_window w
            left join message m on m.sender_id = w.sender_id and m.prompt_id is null and m.created_at >= w.started_at
            where w.used > 0 and w.started_at > coalesce((select max(((case when r.sent_to > r.received_to then r.sent_to else r.received_to end) >> 22) + 1288834974657) from retention r), 0)
            group by w.sender_id, w.used
            having w.used > count(m.id)
            union all
            select 'users with free replies to somebody who did not write', sender_id from contact where free_replies <> 0 and wrote_at is null
            union all
            select 'users who wrote later than is noted', m.sender_id
            from (select sender_id, recipient_id, max(created_at) as newest from message where prompt_id is null group by sender_id, recipient_id) as m
            left join contact c on c.sender_id = m.recipient_id and c.user_id = m.sender_id
            where c.wrote_at is null or c.wrote_at < m.newest
            """),

        new("webhooks and their deliveries",
            """
            select 'events without their delivery to a webhook' as problem, c.id
            from webhook w
            join change c on c.sender_id = w.sender_id and c.changed_at > w.approved_at and (w.removed_at is null or c.changed_at < w.removed_at)
            left join delivery d on d.sender_id = c.sender_id and d.endpoint_id = w.id and d.prompt_id = c.prompt_id and d.changed_at = c.changed_at and d.id = c.id
            where d.id is null
            union all
            select case
                    when w.id is null then 'deliveries to a webhook that is not there'
                    when c.id is null then 'deliveries of an event that is not there'
                    when d.changed_at <= w.approved_at or d.changed_at > w.removed_at then 'deliveries of events from before or after their webhook'
                    when d.state not in (0, 1, 2, 3) or d.state = 3 and w.polled = 0 then 'deliveries in an unknown state'
                    when p.id is null then 'deliveries of a feedback that is not there'
                    when d.parts not in (0, 1, 2, 3, 4) or (d.parts = 0) <> (c.kind = 1) or (d.parts = 4) <> (c.kind = 3) or d.parts in (1, 3) and p.score is null or d.parts in (2, 3) and p.comment is null
                        then 'deliveries that tell something else than their event'
                    when d.attempts < d.failures or d.attempts < 0 or d.failures < 0 then 'deliveries with fewer attempts than failures'
                end, d.id
            from delivery d
            left join webhook w on w.sender_id = d.sender_id and w.id = d.endpoint_id
            left join change c on c.sender_id = d.sender_id and c.changed_at = d.changed_at and c.id = d.id and c.prompt_id = d.prompt_id
            left join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
            """),

        new("channels and their requests",
            """
            select case
                    when p.id is null then 'requests through a channel that are no requests'
                    when d.channel not in (1, 2, 3, 4) or d.state not in (0, 1, 2, 3, 4) then 'requests through a channel in an unknown channel or state'
                    when (d.state < 2) <> (d.token is not null) then 'requests through a channel whose link is gone too early or kept too long'
                    when d.state < 2 and p.card_hash is null then 'requests through a channel whose card has no link'
                    when d.attempts < d.failures or d.failures < 0 then 'requests through a channel with fewer attempts than failures'
                    when p.channel <> d.channel then 'requests through another channel than is noted'
                    when (p.delivered = 0) <> (d.state > 2 and p.score is null and p.comment is null and p.dismissed_at is null)
                        then 'requests that count as delivered and were given up, or the other way round'
                end as problem, d.prompt_id as id
            from dispatch d
            left join prompt p on p.sender_id = d.sender_id and p.id = d.prompt_id
            union all
            select 'attempts of requests that are not there', a.prompt_id
            from dispatch_attempt a left join dispatch d on d.sender_id = a.sender_id and d.prompt_id = a.prompt_id where d.prompt_id is null
            union all
            select 'users of the channel email without an address', id from account where channel = 1 and mail is null
            union all
            select 'users of the channel x without an X user id', id from account where channel = 4 and x_user_id is null
            """),

        // Which scores are low is the sender's choice, and another one tomorrow: that one has no item says nothing.
        new("follow-up",
            """
            select case
                    when p.score is null then 'items of a score that is not there'
                    when p.score_at <> f.scored_at then 'items with another time than their score'
                    when p.test = 1 then 'items of test feedback'
                    when f.state not in (0, 1, 2) or f.state = 0 and f.assignee_id is not null or f.state = 1 and f.assignee_id is null
                        then 'items in an unknown state, or whose state does not fit who has them'
                    when f.version < 0 then 'items with an impossible version'
                end as problem, f.prompt_id as id
            from follow_up f left join prompt p on p.sender_id = f.sender_id and p.id = f.prompt_id
            union all
            select 'notes of an item that is not there', n.prompt_id
            from follow_up_note n
            left join prompt p on p.sender_id = n.sender_id and p.id = n.prompt_id
            left join follow_up f on f.sender_id = p.sender_id and f.scored_at = p.score_at and f.prompt_id = p.id
            where f.prompt_id is null
            """),

        new("alerts",
            """
            select case
                    when a.kind not in (1, 2, 3, 4, 5) or a.state not in (0, 1) then 'alerts of an unknown kind or in an unknown state'
                    when a.kind = 1 and p.score is null then 'alerts of a score that is not there'
                    when a.kind = 1 and p.score_at <> a.at then 'alerts with another time than their score'
                    when p.test = 1 then 'alerts of test feedback'
                    when (a.kind = 1) <> (a.facts is null) then 'alerts whose facts do not fit their kind'
                end as problem, a.id as id
            from alert a left join prompt p on a.kind = 1 and p.sender_id = a.sender_id and p.id = a.subject
            union all
            select case
                    when a.id is null then 'alerts on their way that are not there'
                    when a.state = 0 then 'alerts on their way that count as new'
                    when d.channel not in (1, 2) or d.state not in (0, 1, 2, 3, 4) then 'alerts on their way in an unknown channel or state'
                    when d.channel = 2 and w.id is null then 'alerts to a webhook that is not there'
                    when d.channel = 2 and d.kind > 2 then 'alerts to a webhook that are for people alone'
                    when (d.state > 1) <> (d.settled_at is not null) then 'alerts on their way that ended at no time, or at one before their end'
                    when d.attempts < d.failures or d.failures < 0 then 'alerts on their way with fewer attempts than failures'
                end, d.id
            from alert_dispatch d
            left join alert a on a.sender_id = d.sender_id and a.kind = d.kind and a.subject = d.subject and a.id = d.id
            left join webhook w on d.channel = 2 and w.sender_id = d.sender_id and w.id = d.reader_id
            union all
            select 'senders with alerts who are no users', l.sender_id from watch l left join account u on u.id = l.sender_id where u.id is null
            """),

        new("tags",
            """
            select 'prompts that are not found by their tags' as problem, p.id as id
            from prompt p
            left join (select sender_id, prompt_id, count(*) as tags from prompt_tag group by sender_id, prompt_id) as t on t.sender_id = p.sender_id and t.prompt_id = p.id
            where coalesce(t.tags, 0) <> case when p.tags is null then 0 else length(p.tags) - length(replace(p.tags, ',', '')) + 1 end
            union all
            select 'tags of a prompt that is not there', t.prompt_id
            from prompt_tag t left join prompt p on p.sender_id = t.sender_id and p.id = t.prompt_id where p.id is null
            """),

        new("erased people",
            """
            select 'people who were erased and are users' as problem, e.user_id as id from erasure e join account a on a.id = e.user_id where e.settled = 1
            union all
            select 'accounts of erased people that anybody can use', id from account where erased = 1 and (suspended_at is null or password_hash is not null or mail is not null)
            """),

        new("users",
            """
            select 'senders with events who are no users' as problem, s.sender_id as id
            from sender_state s left join account a on a.id = s.sender_id where a.id is null
            union all
            select 'contacts who are no users', c.user_id from contact c left join account a on a.id = c.user_id where a.id is null
            union all
            select 'contacts of users who are not there', c.sender_id from contact c left join account a on a.id = c.sender_id where a.id is null
            union all
            select 'windows of messages of users who are not there', w.sender_id from message_window w left join account a on a.id = w.sender_id where a.id is null
            union all
            select 'windows of messages of apps that are not there', w.app_id from app_message_window w left join app a on a.id = w.app_id where a.id is null
            union all
            select 'allowed senders who are no users', s.user_id from sender s left join account a on a.id = s.user_id where a.id is null
            union all
            select 'exempt recipients who are no users', e.user_id from exempt e left join account a on a.id = e.user_id where a.id is null
            union all
            select 'tokens of users who are not there', t.user_id from access_token t left join account a on a.id = t.user_id where a.id is null
            union all
            select 'tokens of apps that are not there', t.app_id from access_token t left join app a on a.id = t.app_id where a.id is null
            union all
            select 'visits of users who are not there', v.user_id from visit v left join account a on a.id = v.user_id where a.id is null
            union all
            select 'request tokens of apps that are not there', r.app_id from request_token r left join app a on a.id = r.app_id where a.id is null
            union all
            select 'request tokens approved by users who are not there', r.user_id
            from request_token r left join account a on a.id = r.user_id where r.user_id is not null and a.id is null
            union all
            select 'customers of connectors who are no users', r.user_id from customer_ref r left join account a on a.id = r.user_id where a.id is null
            union all
            select 'events of connectors that are not there', e.id
            from connector_event e left join connector c on c.sender_id = e.sender_id and c.id = e.connector_id where c.id is null
            """),
    ];
}
