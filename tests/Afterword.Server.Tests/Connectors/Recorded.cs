namespace Afterword.Server.Tests.Connectors;

/// <summary>What helpdesks send, in their exact shapes; the people in it are invented.</summary>
internal static class Recorded
{
    public const string ZendeskEvent =
        """
        {"type":"zen:event-type:ticket.status_changed","account_id":12514403,"id":"01HPZM206BF4G63783E5349AD8","time":"2026-01-05T08:33:18Z",
         "zendesk_event_version":"2022-11-06","subject":"zen:ticket:5158",
         "detail":{"actor_id":"8447388090494","assignee_id":"8447388090494","brand_id":"847","created_at":"2026-01-05T08:27:58Z","custom_status":"15868888","description":"SECRETTEXT",
          "external_id":null,"form_id":"1","group_id":"98738","id":"5158","is_public":true,"organization_id":"7","priority":"LOW","requester_id":"8447388090494",
          "status":"SOLVED","subject":"SECRETTEXT","submitter_id":"8447388090494","tags":["refund"],"type":"QUESTION","updated_at":"2026-01-05T08:33:18Z","via":{"channel":"web"}},
         "event":{"current":"SOLVED","previous":"OPEN","meta":{"sequence":{"id":"01HP","position":1}}}}
        """;

    public const string Chatwoot =
        """
        {"event":"conversation_status_changed","id":482,"inbox_id":3,"channel":"Channel::WebWidget","status":"resolved","can_reply":true,
         "labels":["refund"],"priority":null,"snoozed_until":null,"unread_count":0,"waiting_since":0,"first_reply_created_at":"2026-01-05T08:20:00Z",
         "additional_attributes":{"browser":{"browser_name":"Chrome"},"referer":"https://shop.example/","browser_language":"de"},"custom_attributes":{},
         "contact_inbox":{"id":9,"contact_id":77,"inbox_id":3,"source_id":"b1e2","hmac_verified":false},
         "messages":[{"id":1,"content":"SECRETTEXT","message_type":1,"sender":{"name":"Bea"}}],
         "meta":{"sender":{"id":77,"name":"Mia","email":"mia@example.com","identifier":"c-17","phone_number":null,"custom_attributes":{},"type":"contact"},
                 "assignee":{"id":4,"name":"Ana","type":"user"},"assignee_type":"User","team":null,"hmac_verified":false},
         "changed_attributes":[{"status":{"previous_value":"open","current_value":"resolved"}}],
         "last_activity_at":1767601998,"timestamp":1767601998,"created_at":1767600000,"updated_at":1767601998.53}
        """;

    public const string Intercom =
        """
        {"type":"notification_event","app_id":"a86dr8yl","id":"notif_01HABC","topic":"conversation.admin.closed","delivery_attempts":1,"first_sent_at":1767601998,"created_at":1767601998,
         "data":{"type":"notification_event_data","item":{"type":"conversation","id":"195208945002873","created_at":1767600000,"updated_at":1767601998,"state":"closed","open":false,
          "source":{"type":"conversation","delivered_as":"customer_initiated","body":"SECRETTEXT","author":{"type":"user","id":"6620fa1e8f2b","name":"Mia","email":"mia@example.com"}},
          "contacts":{"type":"contact.list","contacts":[{"type":"contact","id":"6620fa1e8f2b","external_id":"c-17"}]},
          "admin_assignee_id":814860,"team_assignee_id":"5017691","tags":{"type":"tag.list","tags":[{"type":"tag","name":"refund"}]},
          "conversation_rating":null,"statistics":{"last_close_at":1767601998,"count_reopens":0}}}}
        """;

    public const string FreshdeskWrapped =
        """{"freshdesk_webhook":{"ticket_id":5158,"ticket_subject":"SECRETTEXT","ticket_description":"SECRETTEXT","ticket_contact_email":"mia@example.com","ticket_contact_name":"Mia","ticket_status":"Resolved","ticket_agent_email":"ana@shop.example","ticket_tags":"refund,late"}}""";

    public const string FreshdeskBare =
        """{"ticket_id":"5158","ticket_contact_email":"mia@example.com","ticket_contact_name":"Mia","ticket_status":"RESOLVED","ticket_agent_email":"ana@shop.example","ticket_tags":"refund,late"}""";

    public const string HubSpot =
        """[{"eventId":100,"subscriptionId":1234,"portalId":62515,"appId":54321,"occurredAt":1767601998123,"subscriptionType":"conversation.propertyChange","attemptNumber":0,"objectId":1938,"propertyName":"status","propertyValue":"CLOSED","changeSource":"USERS"}]""";

    public const string FrontApplication =
        """
        {"type":"conversation_archived","authorization":{"id":"cmp_abc"},"payload":{"_links":{},"id":"evt_55c8c149","type":"archive","emitted_at":1767601998.12,
         "conversation":{"id":"cnv_55c8c149","subject":"SECRETTEXT","status":"archived","assignee":{"email":"ana@shop.example"},
          "recipient":{"handle":"mia@example.com","role":"from"},"tags":[{"id":"tag_1","name":"refund"}],"_links":{}}}}
        """;

    public const string FrontRule =
        """
        {"_links":{},"id":"evt_6","type":"archive","emitted_at":1767601998,"conversation":{"id":"cnv_7","subject":"SECRETTEXT","status":"archived","assignee":null,
         "recipient":{"handle":"shop@shop.example","role":"to"},"tags":[]}}
        """;

    public const string Zammad =
        """
        {"ticket":{"id":81,"number":"10081","title":"SECRETTEXT","state":"closed","state_id":4,"customer_id":8,
         "customer":{"id":8,"email":"","firstname":"Mia","lastname":"A","login":"mia@example.com"},"owner_id":1,"owner":{"email":"-"},"group":{"name":"Service Desk"},"updated_at":"2026-01-05T08:33:18.282Z"},
         "article":{"id":5,"body":"SECRETTEXT"}}
        """;

    public const string FreeScout =
        """{"id":34,"number":"1034","status":"closed","subject":"SECRETTEXT","customer":{"id":12,"firstName":"Mia","email":"mia@example.com"},"assignee":{"email":"ana@shop.example"},"tags":["refund"],"updatedAt":"2026-01-05T08:33:18Z"}""";

    public const string RocketChat =
        """
        {"type":"LivechatSession","_id":"fasd6f5a","label":"SECRETTEXT","topic":"SECRETTEXT","code":123123,"createdAt":"2026-01-05T08:20:00.000Z","lastMessageAt":"2026-01-05T08:33:18.000Z","tags":["refund"],
         "customFields":{},"visitor":{"_id":"v-1","name":"Mia","username":"guest","department":"Support","email":[{"address":"mia@example.com"}],"phone":"","customFields":{"customerId":"c-17"}},
         "agent":{"_id":"a-1","username":"ana","name":"Ana","email":"ana@shop.example"},"messages":[{"msg":"SECRETTEXT"}]}
        """;

    public const string Slack =
        """
        {"token":"old","team_id":"T123","api_app_id":"A123","type":"event_callback","event_id":"Ev123","event_time":1767601998,
         "event":{"type":"reaction_added","user":"U1","reaction":"white_check_mark","item_user":"U2","item":{"type":"message","channel":"C1","ts":"1767601000.000100"},"event_ts":"1767601998.000200"}}
        """;

    /// <summary>All of them, by kind.</summary>
    public static readonly (string Kind, string Body)[] All =
    [
        ("zendesk", ZendeskEvent), ("chatwoot", Chatwoot), ("intercom", Intercom), ("freshdesk", FreshdeskWrapped), ("freshdesk", FreshdeskBare), ("hubspot", HubSpot), ("front", FrontApplication),
        ("front", FrontRule), ("zammad", Zammad), ("freescout", FreeScout), ("rocketchat", RocketChat), ("slack", Slack),
    ];
}
